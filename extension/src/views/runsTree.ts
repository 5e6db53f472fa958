import { MarkdownString, TreeItem, TreeItemCollapsibleState } from "vscode";
import { bracketed, escaped, formatDuration, formatTime } from "../model/format";
import { durationOf, errorLine, runDescription, stepDescription } from "../model/runs";
import { originText } from "../model/stacks";
import { isFinished, isRunning } from "../model/status";
import type { RunView, StepRunView } from "../protocol";
import type { RunsStore } from "../stores/runs";
import { look } from "./drawn";
import { statusIcon } from "./icons";
import { LeafNode, LoadMoreNode, NoteNode, ProblemNode, call } from "./rows";
import { type TreeNode, TreeProvider } from "./tree";

/** Rows of running runs count seconds; nothing is fetched for it. */
const TICK_MS = 1000;
/** Otherwise only "5 min ago" grows old. */
const IDLE_TICK_MS = 60_000;

/** A run; a click opens its logs. */
export class RunNode implements TreeNode {
  readonly id: string;

  readonly parent = undefined;

  constructor(
    public run: RunView,
    private readonly runs: RunsStore,
  ) {
    this.id = `run:${run.id}`;
  }

  get below(): NonNullable<TreeNode["below"]> {
    const { steps, status } = this.run;
    return { look: [isFinished(status), ...steps.map((step) => look(new StepRunNode(step, this).item(0)))] };
  }

  item(now: number): TreeItem {
    const { run } = this;
    const item = new TreeItem(run.name, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    item.description = runDescription(run, now);
    item.iconPath = statusIcon(run.status);
    item.tooltip = runTooltip(run, now);
    item.contextValue = runContext(run);
    item.command = call("stackyard.run.showLogs", "Show Logs", this);
    item.accessibilityInformation = { label: `Run ${run.name}, ${item.description}` };
    return item;
  }

  async children(): Promise<TreeNode[]> {
    try {
      const run = await this.runs.detail(this.run.id);
      this.run = run;
      if (run.steps.length > 0) return run.steps.map((step) => new StepRunNode(step, this));
      return [new NoteNode(this, isFinished(run.status) ? "no step was started" : "no step yet")];
    } catch (error) {
      return [new ProblemNode(this, error)];
    }
  }
}

/** A step of a run; a click opens its part of the logs. */
export class StepRunNode extends LeafNode {
  constructor(
    readonly step: StepRunView,
    override readonly parent: RunNode,
  ) {
    super(`${parent.id}/step:${step.id}`, parent);
  }

  item(now: number): TreeItem {
    const { step } = this;
    const item = new TreeItem(step.name, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = stepDescription(step, now);
    item.iconPath = statusIcon(step.status);
    item.tooltip = stepTooltip(step, now);
    item.contextValue = stepContext(step);
    item.command = call("stackyard.run.showLogs", "Show Logs", this);
    item.accessibilityInformation = { label: `Step ${step.name}, ${item.description}` };
    return item;
  }
}

/** Runs of the project, newest first, live. */
export class RunsTree extends TreeProvider {
  private timer: NodeJS.Timeout | undefined;

  private isVisible = false;

  constructor(
    private readonly runs: RunsStore,
    private readonly serves: () => boolean,
  ) {
    super();
    this.track(
      runs.onDidChange(() => {
        void this.redrawChanged();
        this.schedule();
      }),
    );
    this.track({
      dispose: () => {
        clearTimeout(this.timer);
      },
    });
  }

  /** The row of a run, for revealing it. */
  nodeOf(run: RunView): RunNode {
    return this.reuse(
      `run:${run.id}`,
      () => new RunNode(run, this.runs),
      (node) => {
        node.run = run;
      },
    );
  }

  /** Tells whether anybody can see the rows: else the seconds need not be counted. */
  setVisible(isVisible: boolean): void {
    this.isVisible = isVisible;
    if (isVisible) this.redraw();
    this.schedule();
  }

  protected async roots(): Promise<TreeNode[]> {
    if (!this.serves() && this.runs.peek() === undefined) return [];
    try {
      const list = await this.runs.get();
      const nodes: TreeNode[] = list.items.map((run) => this.nodeOf(this.runs.peekRun(run.id) ?? run));
      const shown = new Set(nodes);
      this.forget((node) => !shown.has(node));
      if (!list.hasMore()) return nodes;
      return [...nodes, new LoadMoreNode(undefined, nodes.length, list.total, async () => this.runs.loadMore())];
    } catch (error) {
      return [new ProblemNode(undefined, error)];
    }
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (!this.isVisible) return;
    const running = this.runs.running();
    this.timer = setTimeout(
      () => {
        if (running.length === 0 && !this.isRead()) this.redraw();
        for (const run of running) this.redrawAged(this.nodeOf(this.runs.peekRun(run.id) ?? run));
        this.schedule();
      },
      running.length === 0 ? IDLE_TICK_MS : TICK_MS,
    );
  }
}

/** What package.json's menus ask a run's row for. */
function runContext(run: RunView): string {
  if (!isFinished(run.status)) return "run.unfinished";
  return run.resumable ? "run.finished.resumable" : "run.finished";
}

/** The same of a step's row. */
function stepContext(step: StepRunView): string {
  return `stepRun${step.file === "" ? "" : ".located"}${isRunning(step.status) ? ".running" : ""}`;
}

function runTooltip(run: RunView, now: number): MarkdownString {
  const text = new MarkdownString(`**${escaped(run.name)}** — ${run.status}\n\n`);
  const seconds = durationOf(run, now);
  const idle = run.idle_s < 1 ? "" : `and ${formatDuration(run.idle_s)} idle before it was resumed`;
  const parts = [`${run.n_finished} of ${run.n_steps} finished`];
  if (run.n_cached > 0) parts.push(`${run.n_cached} cached`);
  if (run.n_failed > 0) parts.push(`${run.n_failed} failed`);
  const facts: readonly [string, string][] = [
    ["Pipeline", run.pipeline],
    ["Stack", run.stack + bracketed(originText(run.stack_origin))],
    ["Orchestrator", run.orchestrator],
    ["Artifact store", run.artifact_store],
    ["Steps", run.n_steps === 0 ? "" : parts.join(", ")],
    ["Started", formatTime(run.started_at)],
    ["Duration", seconds === undefined ? "" : formatDuration(seconds) + bracketed(idle)],
  ];
  appendFacts(text, facts);
  if (run.error !== null) text.appendMarkdown(`\n\n${escaped(errorLine(run.error))}`);
  return text;
}

function stepTooltip(step: StepRunView, now: number): MarkdownString {
  const text = new MarkdownString(`**${escaped(step.name)}** — ${step.status}\n\n`);
  const seconds = durationOf(step, now);
  const outputs = step.outputs.map((output) => `${output.artifact_name} v${output.version}`).join(", ");
  appendFacts(text, [
    ["Started", formatTime(step.started_at)],
    ["Duration", seconds === undefined ? "" : formatDuration(seconds)],
    ["Cache", cacheText(step)],
    ["Outputs", outputs],
  ]);
  if (step.error !== null) {
    text.appendMarkdown(`\n\n${escaped(errorLine(step.error))}`);
    if (step.error.traceback !== "") text.appendCodeblock(step.error.traceback.trimEnd(), "python");
  }
  return text;
}

function cacheText(step: StepRunView): string {
  const { cache } = step;
  if (cache === null) return "";
  if (cache.hit) return "reused, nothing ran";
  const reason = cache.reason === null ? "" : `: ${cache.reason.replaceAll("_", " ")}`;
  return `not reused${reason}${cache.detail === "" ? "" : ` (${cache.detail})`}`;
}

function appendFacts(text: MarkdownString, facts: readonly (readonly [string, string])[]): void {
  for (const [name, value] of facts) {
    if (value !== "") text.appendMarkdown(`- ${name}: ${escaped(value)}\n`);
  }
}
