import type { CancellationToken, LogOutputChannel, Progress } from "vscode";
import type { StackyardApi } from "../api";
import { packageOf } from "../model/packages";
import { failedStep, missingModule, outcome, progressMessage } from "../model/runs";
import { isFinished } from "../model/status";
import type { RunView } from "../protocol";
import type { RunsStore } from "../stores/runs";
import { DisposableBag } from "../util/disposable";
import { type Remedy, messageOf } from "../util/errors";
import { withNotification } from "../vscode/progress";
import { type Weight, toast } from "../vscode/toast";
import type { CommandId } from "./ids";

const OPEN_RUN: CommandId = "stackyard.run.open";
const SHOW_LOGS: CommandId = "stackyard.run.showLogs";
const INSTALL_MODULE: CommandId = "stackyard.environment.installModule";

/** Follows the runs that were started here: progress while they go on, a toast when they end. */
export class RunFollower extends DisposableBag {
  constructor(
    private readonly api: StackyardApi,
    private readonly runs: RunsStore,
    private readonly log: LogOutputChannel,
  ) {
    super();
  }

  /**
   * Starts a run and shows its progress; the notification's cancel asks the run to stop.
   *
   * @param title what the notification says.
   * @param start starts the run and gives its id.
   * @returns when the run has ended, after its toast was shown (not closed).
   */
  async follow(title: string, start: (token: CancellationToken) => Promise<string>): Promise<RunView> {
    const run = await withNotification(title, true, async (progress, token) => {
      progress.report({ message: "starting" });
      const id = await start(token);
      return this.until(id, progress, token);
    });
    announce(run);
    return run;
  }

  private async until(
    id: string,
    progress: Progress<{ message?: string; increment?: number }>,
    token: CancellationToken,
  ): Promise<RunView> {
    const stop = (): void => {
      this.api.stopRun(id).then(
        (run) => {
          this.runs.put(run);
        },
        (error: unknown) => {
          this.log.error(`Stop ${id}: ${messageOf(error)}`);
        },
      );
    };
    const cancellation = token.onCancellationRequested(stop);
    if (token.isCancellationRequested) stop();
    try {
      return await this.ended(id, progress);
    } finally {
      cancellation.dispose();
    }
  }

  private async ended(id: string, progress: Progress<{ message?: string; increment?: number }>): Promise<RunView> {
    let shown = 0;
    const advance = (run: RunView): void => {
      const percent = run.n_steps === 0 ? 0 : (100 * run.n_finished) / run.n_steps;
      progress.report({ message: progressMessage(run), increment: Math.max(0, percent - shown) });
      shown = Math.max(shown, percent);
    };
    return new Promise((resolve) => {
      const look = (): void => {
        const run = this.runs.peekRun(id);
        if (run === undefined) return;
        advance(run);
        // A row of the list has no steps, and the toast names the failed one.
        if (!isFinished(run.status) || run.steps.length < run.n_steps) return;
        listener.dispose();
        resolve(run);
      };
      const listener = this.track(this.runs.onDidChange(look));
      this.runs.detail(id).then(look, (error: unknown) => {
        this.log.warn(`Follow ${id}: ${messageOf(error)}`);
      });
      void this.runs.refresh([id]);
    });
  }
}

/** Says how a run ended. */
export function announce(run: RunView): void {
  const open: Remedy = { title: "Open Run", command: OPEN_RUN, args: [run.id] };
  const logs: Remedy = { title: "Show Logs", command: SHOW_LOGS, args: [run.id] };
  const error = failedStep(run)?.error ?? run.error;
  const install = error === null ? undefined : installRemedy(error.message, run.file);
  const buttons = run.status === "failed" ? [...(install === undefined ? [] : [install]), logs, open] : [open];
  void toast(weightOf(run), outcome(run), ...buttons);
}

/** The button that installs what an import asked for in vain; undefined when an error is about something else. */
export function installRemedy(message: string, file: string): Remedy | undefined {
  const module = missingModule(message);
  if (module === undefined) return undefined;
  return { title: `Install ${packageOf(module)}`, command: INSTALL_MODULE, args: [module, file] };
}

function weightOf(run: RunView): Weight {
  if (run.status === "failed") return "error";
  return run.status === "interrupted" ? "warning" : "information";
}
