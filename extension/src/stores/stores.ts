import type { StackyardApi } from "../api";
import type { DidChangeParams, PipelineListResult, StackCheckResult, StackListResult } from "../protocol";
import { DisposableBag } from "../util/disposable";
import { ArtifactsStore } from "./artifacts";
import { Cached } from "./cached";
import { RunsStore } from "./runs";

/** Everything that is known of the server's data, and what a change of each kind makes stale. */
export class Stores extends DisposableBag {
  readonly stacks: Cached<StackListResult>;

  /** Of the stacks that have problems. */
  readonly checks: Cached<StackCheckResult>;

  readonly pipelines: Cached<PipelineListResult>;

  readonly runs: RunsStore;

  readonly artifacts: ArtifactsStore;

  constructor(api: StackyardApi) {
    super();
    this.stacks = this.track(new Cached(async () => api.stacks()));
    this.checks = this.track(new Cached(async () => api.checkStacks()));
    this.pipelines = this.track(new Cached(async () => api.pipelines()));
    this.runs = this.track(new RunsStore(api));
    this.artifacts = this.track(new ArtifactsStore(api));
  }

  /** Fetches what a change made stale. */
  async apply(change: DidChangeParams): Promise<void> {
    const changed = new Set(change.entities);
    if (changed.has("project")) {
      await this.refresh();
      return;
    }
    const work: Promise<void>[] = [];
    if (changed.has("stacks") || changed.has("active_stack")) {
      work.push(this.stacks.refresh());
      this.artifacts.storesChanged();
    }
    if (changed.has("stacks")) work.push(this.checks.refresh());
    if (changed.has("pipelines")) work.push(this.pipelines.refresh());
    if (changed.has("runs")) work.push(this.runs.refresh(change.runs));
    if (changed.has("artifacts")) this.artifacts.clear();
    await Promise.all(work);
  }

  /** Fetches everything again; nothing kept is trusted. Problems stay in the stores, for the views to show. */
  async refresh(): Promise<void> {
    this.artifacts.clear();
    await Promise.all([this.stacks.refresh(), this.checks.refresh(), this.pipelines.refresh(), this.runs.reload()]);
  }

  /** Forgets everything: there is no server that could say what is true. */
  clear(): void {
    this.stacks.clear();
    this.checks.clear();
    this.pipelines.clear();
    this.runs.clear();
    this.artifacts.clear();
  }
}
