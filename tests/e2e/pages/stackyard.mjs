/** Stackyard's side bar and status bar in a workbench. */
import { Hopeless, eventually } from "../workspace.mjs";

const STATUS_ITEM = "stackyard.stackyard.stackyard.activeStack";
/** What a run ends with. */
const FINISHED = ["completed", "cached", "failed", "skipped", "stopped", "interrupted"];

export class Stackyard {
  constructor(workbench) {
    this.workbench = workbench;
    this.stacks = workbench.tree("Stacks");
    this.pipelines = workbench.tree("Pipelines");
    this.runs = workbench.tree("Runs");
    this.artifacts = workbench.tree("Artifacts");
  }

  get statusItem() {
    return this.workbench.statusItem(STATUS_ITEM);
  }

  /** The status bar item's text: the active stack. */
  statusText() {
    return this.workbench.statusText(STATUS_ITEM);
  }

  /** Waits until the status bar names a stack; returns the milliseconds that took. */
  async waitForActive(stack, { timeout } = {}) {
    const started = Date.now();
    try {
      await this.statusItem.filter({ hasText: stack }).waitFor({ timeout });
    } catch (error) {
      throw new Error(`the status bar does not name ${stack} but "${await this.statusText()}"`, { cause: error });
    }
    return Date.now() - started;
  }

  /** Shows one view of the container with all the room, the others folded. */
  async show(...views) {
    await this.workbench.openContainer("Stackyard");
    for (const view of [this.stacks, this.pipelines, this.runs, this.artifacts]) {
      if (!views.includes(view)) await view.close();
    }
    for (const view of views) await view.open();
  }

  /** The stacks as the tree lists them, and the one that it marks as active. */
  async stackRows() {
    const rows = (await this.stacks.rows()).filter((row) => row.level === 1);
    const active = rows.filter((row) => row.description.split(" · ").includes("active"));
    return { names: rows.map((row) => row.label), active: active.map((row) => row.label) };
  }

  /** Waits until the tree marks exactly this stack as active. */
  waitForMarked(stack, options) {
    return eventually(
      `the Stacks view marks ${stack}`,
      async () => (await this.stackRows()).active.join() === stack,
      options,
    );
  }

  /** Switches by a click on a stack's row. */
  async switchByClick(stack) {
    await this.stacks.click(stack);
    await this.waitForActive(stack);
    await this.waitForMarked(stack);
  }

  /** Starts a pipeline from the command palette, with the defaults of its parameters. */
  async runFromPalette(pipeline, { parameters = true } = {}) {
    await this.workbench.runCommand("Stackyard: Run Pipeline");
    await this.workbench.quickInput.choose(pipeline);
    if (parameters) await this.acceptParameters();
  }

  /** Starts the run from the list of the pipeline's parameters. */
  async acceptParameters() {
    const { quickInput } = this.workbench;
    await quickInput.waitOpen();
    await quickInput.choose("Run");
  }

  /** The rows of the newest run: itself and, once expanded, its steps. */
  async newestRun() {
    const rows = await this.runs.rows();
    const [run, ...rest] = rows;
    const next = rest.findIndex((row) => row.level === 1);
    return { run, steps: next < 0 ? rest : rest.slice(0, next) };
  }

  /**
   * Follows the newest run until it is finished.
   *
   * @returns {Promise<Map<string, string[]>>} Per step the statuses that its row showed, in their order.
   */
  async followNewestRun({ timeout = 300_000 } = {}) {
    const seen = new Map();
    await eventually(
      "the newest run is finished",
      async () => {
        const [problem] = await this.workbench.notifications.errors();
        if (problem) throw new Hopeless(`the run came to an end: ${problem}`);
        const { run, steps } = await this.newestRun();
        if (run?.expanded === "false") await this.runs.expand(run.label);
        for (const step of steps) {
          const status = statusOf(step);
          const statuses = seen.get(step.label) ?? [];
          if (statuses.at(-1) !== status) seen.set(step.label, [...statuses, status]);
        }
        // A run that is over at the first look has no rows of steps yet.
        return steps.length > 0 && [run, ...steps].every((row) => FINISHED.includes(statusOf(row)));
      },
      { timeout, every: 50 },
    );
    return seen;
  }
}

/** The status that a row's description begins with. */
export function statusOf(row) {
  return row.description.split(/[ ·]/, 1)[0];
}
