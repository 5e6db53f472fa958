/** Views as the server sends them, with what a test does not care about filled in. */

import type {
  ArtifactVersionView,
  ComponentView,
  ParameterInfo,
  PipelineInfo,
  RunView,
  StackView,
  StepRunView,
} from "../../src/protocol";

export function aRun(facts: Partial<RunView> = {}): RunView {
  return {
    id: "run-1",
    name: "training-1",
    pipeline: "training",
    status: "completed",
    project_id: "",
    project: "",
    stack: "default",
    stack_id: "",
    stack_origin: "",
    orchestrator: "default",
    artifact_store: "default",
    artifact_store_id: "",
    created_at: "2026-11-21T10:00:00.000Z",
    started_at: "2026-11-21T10:00:00.000Z",
    ended_at: "",
    duration_s: null,
    idle_s: 0,
    n_steps: 0,
    n_finished: 0,
    n_succeeded: 0,
    n_cached: 0,
    n_failed: 0,
    parameters: {},
    metadata: {},
    error: null,
    tags: [],
    configuration: {},
    model_version_ids: [],
    resumable: false,
    file: "/project/training.py",
    line: 1,
    pid: 0,
    log_file: "",
    steps: [],
    ...facts,
  };
}

export function aStep(facts: Partial<StepRunView> = {}): StepRunView {
  return {
    id: "step-1",
    name: "train",
    run_id: "run-1",
    status: "completed",
    started_at: "2026-11-21T10:00:00.000Z",
    ended_at: "",
    duration_s: null,
    cache: null,
    error: null,
    parameters: {},
    inputs: [],
    outputs: [],
    metadata: {},
    upstream: [],
    attempt: 1,
    tags: [],
    configuration: {},
    model_version_id: "",
    file: "",
    line: 0,
    pid: 0,
    log_file: "",
    ...facts,
  };
}

export function anError(type: string, message: string): NonNullable<RunView["error"]> {
  return { type, message, traceback: "", file: "", line: 0, hint: "" };
}

export function aParameter(facts: Partial<ParameterInfo> = {}): ParameterInfo {
  return { name: "size", annotation: "", default: null, required: facts.default === undefined, ...facts };
}

export function aPipeline(facts: Partial<PipelineInfo> = {}): PipelineInfo {
  return {
    name: "training",
    function: "training",
    file: "/project/training.py",
    line: 3,
    column: 4,
    doc: "",
    parameters: [],
    steps: [],
    ...facts,
  };
}

export function aComponent(facts: Partial<ComponentView> = {}): ComponentView {
  return {
    id: "component-1",
    name: "default",
    component_type: "artifact_store",
    flavor: "local",
    owner: "",
    shared: false,
    labels: {},
    configuration: {},
    active: false,
    stacks: [],
    created_at: "",
    flavor_doc: "",
    ...facts,
  };
}

export function aStack(facts: Partial<StackView> = {}): StackView {
  return {
    id: "stack-1",
    name: "default",
    active: false,
    origin: null,
    origin_text: "",
    owner: "",
    shared: false,
    labels: {},
    components: [],
    created_at: "",
    ...facts,
  };
}

export function aVersion(facts: Partial<ArtifactVersionView> = {}): ArtifactVersionView {
  return {
    id: "version-1",
    name: "dataset",
    version: 1,
    project_id: "",
    type: "pandas.core.frame.DataFrame",
    materializer: "pandas",
    data_format: "arrow",
    unsafe: false,
    digest: "sha256:0123456789abcdef",
    size_bytes: 155_000,
    shape: [569, 31],
    uri: "/store/artifacts/dataset/version-1",
    artifact_store_id: "",
    artifact_store: "default",
    run_id: "",
    run_name: "",
    pipeline: "",
    step: "",
    created_at: "2026-11-21T10:00:00.000Z",
    metadata: {},
    tags: [],
    save_type: "step_output",
    status: "available",
    problem: "",
    pruned: false,
    preview: null,
    files: [],
    ...facts,
  };
}
