import type { Page, RunView, StepErrorView, StepRunView } from "../protocol";
import { count, dotted, formatAge, formatDuration } from "./format";
import { isFinished } from "./status";

interface Timed {
  readonly status: RunView["status"];
  readonly started_at: string;
  readonly duration_s: number | null;
  /** Of a run that was gone on with: no part of the duration. */
  readonly idle_s?: number;
}

/** Seconds a run or step took, or has taken until `now`; undefined before it started. */
export function durationOf(timed: Timed, now: number): number | undefined {
  if (isFinished(timed.status)) return timed.duration_s ?? undefined;
  const started = Date.parse(timed.started_at);
  if (!Number.isNaN(started)) return Math.max(0, (now - started) / 1000 - (timed.idle_s ?? 0));
  return timed.duration_s ?? undefined;
}

function durationText(timed: Timed, now: number): string {
  const duration = durationOf(timed, now);
  return duration === undefined ? "" : formatDuration(duration);
}

/** `completed · 3.2 s · default · 5 min ago`; while it runs the steps that are done come after the status. */
export function runDescription(run: RunView, now: number): string {
  const when = formatAge(run.started_at === "" ? run.created_at : run.started_at, now);
  const status = isFinished(run.status) || run.n_steps === 0 ? run.status : `${run.status} ${stepCount(run)}`;
  return dotted(status, durationText(run, now), run.stack, when);
}

/** `3/7`: finished steps of those known so far. */
export function stepCount(run: RunView): string {
  return `${run.n_finished}/${run.n_steps}`;
}

/** `completed · 1.2 s`, `cached`, `failed · 0.30 s · ValueError: ...`; of what was stopped there is no more to say. */
export function stepDescription(step: StepRunView, now: number): string {
  const duration = step.status === "cached" || step.status === "skipped" ? "" : durationText(step, now);
  const error = step.error === null || step.status === "stopped" ? "" : errorLine(step.error);
  return dotted(step.status, duration, error);
}

/** The first line of an error: `ValueError: no rows`. */
export function errorLine(error: StepErrorView): string {
  const message = error.message.split("\n", 1)[0] ?? "";
  if (error.type === "" || message.startsWith(error.type)) return message;
  return message === "" ? error.type : `${error.type}: ${message}`;
}

/** What the progress of a run says: `3 of 7 steps · train running`. */
export function progressMessage(run: RunView): string {
  const running = run.steps.filter((step) => step.status === "running" || step.status === "retrying");
  const names = running.slice(0, 2).map((step) => step.name);
  const more = running.length > names.length ? ` and ${running.length - names.length} more` : "";
  const what = names.length === 0 ? run.status : `${names.join(", ")}${more} running`;
  return run.n_steps === 0 ? what : dotted(`${run.n_finished} of ${count(run.n_steps, "step")}`, what);
}

/** The failed step that the run's error speaks of, else its first failed one. */
export function failedStep(run: RunView): StepRunView | undefined {
  return run.steps.find((step) => step.status === "failed");
}

/** The sentence of the toast when a run has ended. */
export function outcome(run: RunView): string {
  const seconds = durationOf(run, 0);
  const duration = seconds === undefined ? "" : ` in ${formatDuration(seconds)}`;
  const cached = run.n_cached > 0 ? `, ${run.n_cached} of ${count(run.n_steps, "step")} cached` : "";
  if (run.status === "failed") {
    const step = failedStep(run);
    const error = step?.error ?? run.error;
    const where = step === undefined ? "" : ` in step ${step.name}`;
    return `${run.name} failed${where}${error === null ? "." : `: ${errorLine(error)}`}`;
  }
  if (run.status === "interrupted") return `${run.name} was interrupted${duration}: its process is gone.`;
  const took = run.status === "stopped" ? duration.replace(" in ", " after ") : duration;
  return `${run.name} ${run.status}${took} on stack ${run.stack}${cached}.`;
}

/** The module that a failed run's environment lacks, as Python names it; undefined when that is not why it failed. */
export function missingModule(text: string): string | undefined {
  return /No module named '([\w.]+)'/.exec(text)?.[1]?.split(".", 1)[0];
}

/**
 * Puts a fresh first page over the runs that are shown, so that the pages loaded before stay.
 *
 * Runs newer than the page's last one that are not on it were deleted, and go.
 */
export function mergeFirstPage(shown: readonly RunView[], page: Page<RunView>): RunView[] {
  const last = page.items.at(-1);
  if (page.next === null || last === undefined) return page.items;
  const fresh = new Set(page.items.map((run) => run.id));
  const older = shown.filter((run) => !fresh.has(run.id) && isOlder(run, last));
  return [...page.items, ...older];
}

function isOlder(run: RunView, than: RunView): boolean {
  return run.created_at === than.created_at ? run.id < than.id : run.created_at < than.created_at;
}
