import { Uri, workspace } from "vscode";
import { dotted } from "../model/format";
import { currentFirst, shortPath } from "../model/pipelines";
import { runDescription } from "../model/runs";
import { STATUS_ICONS } from "../model/status";
import type { PipelineInfo, RunStartResult, RunView } from "../protocol";
import { asError } from "../server/readiness";
import { ExpectedError, RequestError, messageOf } from "../util/errors";
import { PipelineNode } from "../views/pipelinesTree";
import { RunNode, StepRunNode } from "../views/runsTree";
import { openFileAt } from "../vscode/editors";
import { pick } from "../vscode/quickPick";
import { toast } from "../vscode/toast";
import { activeFile, requireTrust, workspaceFolders } from "../vscode/workspace";
import type { Deps } from "./deps";
import { chooseParameters } from "./parameters";
import { installRemedy } from "./runFollower";

/** Runs the pipeline of a row, of an editor, of a file and function, or one that is asked for, to its end. */
export async function runPipeline(deps: Deps, target: unknown, functionName?: unknown): Promise<void> {
  requirePipelineTrust();
  const checking = deps.environment.check();
  if (deps.status().problem !== "") {
    await checking;
    requireReady(deps); // before anybody chooses for nothing
  }
  const pipeline = await pipelineOf(deps, target, functionName);
  const parameters = await chooseParameters(pipeline);
  await checking;
  await beReady(deps);
  const { active } = await deps.stores.stacks.get();
  await deps.follower.follow(`Running ${pipeline.name} on ${active.name}`, async (token) => {
    const params = {
      file: pipeline.file,
      function: pipeline.function,
      parameters: Object.fromEntries([...parameters].map(([name, { value }]) => [name, value])),
    };
    return starting(async () => deps.api.startRun(params, token), params.file);
  });
}

/**
 * Starts a run of a pipeline in a file and gives its id.
 *
 * @throws ExpectedError with the button that installs the package which the file imports in vain.
 */
export async function starting(begin: () => Promise<RunStartResult>, file: string): Promise<string> {
  try {
    return (await begin()).run_id;
  } catch (error) {
    const remedy = RequestError.is(error) ? installRemedy(error.message, file) : undefined;
    // The button does what the hint says.
    if (remedy !== undefined) throw new ExpectedError(messageOf(error), "", remedy);
    throw error;
  }
}

/** Opens the definition of a pipeline's row. */
export async function openPipeline(target: unknown): Promise<void> {
  if (target instanceof PipelineNode) await openFileAt(target.pipeline.file, target.pipeline.line);
}

/** Opens the source of a step's row. */
export async function openStep(target: unknown): Promise<void> {
  if (target instanceof StepRunNode && target.step.file !== "") await openFileAt(target.step.file, target.step.line);
}

/** Shows the log of a run, or the part of one step. */
export async function showLogs(deps: Deps, target: unknown): Promise<void> {
  if (target instanceof StepRunNode) {
    await deps.logs.open(target.parent.run, target.step.name);
    return;
  }
  const run = await runOf(deps, target, { title: "Show Logs", placeholder: "Choose a run" });
  if (run !== undefined) await deps.logs.open(run);
}

/** Shows a run in the sidebar and its log in the editor. */
export async function openRun(deps: Deps, target: unknown): Promise<void> {
  const run = await runOf(deps, target, { title: "Open Run", placeholder: "Choose a run" });
  if (run === undefined) return;
  await deps.views.reveal(run);
  await deps.logs.open(run);
}

/**
 * What comes before any run: the environment has been checked, and what was written is saved.
 *
 * @throws ExpectedError when nothing can run, with the button that mends it.
 */
export async function beReady(deps: Deps): Promise<void> {
  requireReady(deps);
  await workspace.saveAll(false);
}

function requireReady(deps: Deps): void {
  const status = deps.status();
  if (status.kind !== "ready") throw asError(status);
}

/** Refuses to run pipelines in a workspace that is not trusted. */
export function requirePipelineTrust(): void {
  requireTrust("Pipelines run only in a workspace that you trust.", "Code of this one has not been run.");
}

async function pipelineOf(deps: Deps, target: unknown, functionName: unknown): Promise<PipelineInfo> {
  if (target instanceof PipelineNode) return target.pipeline;
  const { pipelines, indexing } = await deps.stores.pipelines.get();
  if (typeof target === "string" && typeof functionName === "string") {
    const found = pipelines.find((one) => one.file === target && one.function === functionName);
    if (found !== undefined) return found;
    throw new ExpectedError(`There is no pipeline ${functionName} in ${shortPath(target, workspaceFolders())}.`);
  }
  if (pipelines.length === 0) throw noPipelines(indexing);
  const own = target instanceof Uri ? pipelines.filter((one) => one.file === target.fsPath) : [];
  const [only] = own;
  if (only !== undefined && own.length === 1) return only;
  const choices = currentFirst(own.length > 0 ? own : pipelines, activeFile()).map((pipeline) => ({
    label: `$(type-hierarchy-sub) ${pipeline.name}`,
    description: shortPath(pipeline.file, workspaceFolders()),
    detail: pipeline.doc,
    value: pipeline,
  }));
  return pick(choices, { title: "Run Pipeline", placeholder: "Choose the pipeline to run" });
}

function noPipelines(indexing: boolean): ExpectedError {
  if (indexing) return new ExpectedError("Stackyard is still looking for pipelines.", "Try again in a moment.");
  return new ExpectedError("No pipeline was found here: no function decorated with @pipeline.", "", {
    title: "Create a First Pipeline",
    command: "stackyard.project.createFirstPipeline",
  });
}

/** Which run is asked for. */
export interface RunPick {
  readonly title: string;
  readonly placeholder: string;
  readonly fits?: (run: RunView) => boolean;
  readonly none?: string;
}

/** The run of a row or id, else one that is asked for; undefined when there is none and the user was told. */
export async function runOf(deps: Deps, target: unknown, options: RunPick): Promise<RunView | undefined> {
  if (target instanceof RunNode) return target.run;
  if (target instanceof StepRunNode) return target.parent.run;
  if (typeof target === "string") return deps.stores.runs.detail(target);
  const { fits = (): boolean => true } = options;
  const runs = (await deps.stores.runs.get()).items.filter(fits);
  if (runs.length === 0) {
    const run = { title: "Run Pipeline", command: "stackyard.pipeline.run" };
    void toast("information", options.none ?? "There are no runs yet.", ...(options.none === undefined ? [run] : []));
    return undefined;
  }
  const now = Date.now();
  const choices = runs.map((run) => ({
    label: `$(${STATUS_ICONS[run.status].icon}) ${run.name}`,
    description: dotted(runDescription(run, now)),
    value: run,
  }));
  return pick(choices, options);
}
