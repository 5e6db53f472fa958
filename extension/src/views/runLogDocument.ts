import type { StackyardApi } from "../api";
import { MAX_LOG_LINES, formatLogLine, logErrors, logHeader, stepWidth } from "../model/logs";
import { isFinished } from "../model/status";
import type { LogLine, RunView } from "../protocol";

/** How many lines one request brings. */
const PAGE_LINES = 2000;

/** The text of a log, which grows. */
export class RunLogDocument {
  private readonly lines: LogLine[] = [];

  private dropped = 0;

  private cursor: string | null = null;

  private isRead = false;

  readonly runId: string;

  constructor(
    private readonly api: StackyardApi,
    private run: RunView,
    private readonly step: string | undefined,
  ) {
    this.runId = run.id;
  }

  /** Tells whether no more lines will come. */
  isComplete(): boolean {
    return this.isRead && isFinished(this.run.status);
  }

  /** Reads on to the present end. Returns whether there is anything new. */
  async read(): Promise<boolean> {
    let grew = false;
    for (;;) {
      const page = await this.api.logs({
        run: this.runId,
        step: this.step ?? null,
        cursor: this.cursor,
        limit: PAGE_LINES,
      });
      this.cursor = page.cursor;
      this.lines.push(...page.lines);
      grew ||= page.lines.length > 0;
      this.isRead = page.finished;
      if (page.finished || page.lines.length < PAGE_LINES) break;
    }
    const tooMany = this.lines.length - MAX_LOG_LINES;
    if (tooMany > 0) this.dropped += this.lines.splice(0, tooMany).length;
    return grew;
  }

  /** Reads on and takes the run's newer status. Returns whether the text is another one now. */
  async update(run: RunView | undefined): Promise<boolean> {
    const before = this.run;
    const grew = await this.read();
    if (run !== undefined) this.run = run;
    return grew || this.run.status !== before.status || errors(this.run) !== errors(before);
  }

  /** The whole text. */
  text(): string {
    const steps = this.step === undefined ? new Set(this.lines.map((line) => line.step)) : [];
    const width = stepWidth(steps);
    const dropped = this.dropped === 0 ? [] : [`… ${this.dropped} earlier lines are not shown`];
    const body = this.lines.map((line) => formatLogLine(line, width));
    const none = this.isComplete() && this.lines.length === 0 ? ["Nothing was printed."] : [];
    const end = [...none, ...logErrors(this.run, this.step)];
    return `${[...logHeader(this.run, this.step), ...dropped, ...body, ...end].join("\n")}\n`;
  }
}

function errors(run: RunView): number {
  return run.steps.filter((step) => step.error !== null).length;
}
