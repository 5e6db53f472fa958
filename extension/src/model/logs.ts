import type { LogLine, RunView } from "../protocol";
import { bracketed, dotted } from "./format";
import { errorLine } from "./runs";
import { originText } from "./stacks";

/** Lines kept in an open log: more than anyone reads, few enough for an editor. */
export const MAX_LOG_LINES = 50_000;

/** The separator before a line's text; it tells the stream, also without colours. */
const MARKS: Readonly<Record<LogLine["stream"], string>> = { stdout: "│", stderr: "┃", log: "│" };

/** Marks a line of stderr, between step and text. */
export const STDERR_MARK = MARKS.stderr;

/** One line of a log: `10:00:03.125  train  │ epoch 1`; the step is left out when `stepWidth` is 0. */
export function formatLogLine(line: LogLine, stepWidth: number): string {
  const time = clock(line.at);
  const step = stepWidth === 0 ? "" : `${line.step.padEnd(stepWidth)}  `;
  const level = line.stream === "log" && line.level !== "" ? `${line.level.toUpperCase()} ` : "";
  return `${time}  ${step}${MARKS[line.stream]} ${level}${line.text}`;
}

/** Width of the steps' column: that of the longest name, within reason. */
export function stepWidth(names: Iterable<string>): number {
  return Math.min(32, Math.max(0, ...[...names].map((name) => name.length)));
}

/** What stands below a log: why the steps in it failed, or why the run did before any step. */
export function logErrors(run: RunView, step: string | undefined): string[] {
  const failed = run.steps.filter((one) => one.error !== null && (step === undefined || one.name === step));
  const errors = failed.map((one) => ({ what: `step ${one.name}`, error: one.error }));
  if (failed.length === 0 && step === undefined) errors.push({ what: "run", error: run.error });
  return errors.flatMap(({ what, error }) => {
    if (error === null) return [];
    const text = error.traceback.trimEnd() === "" ? errorLine(error) : error.traceback.trimEnd();
    return ["", `# The ${what} failed`, ...text.split("\n"), ...(error.hint === "" ? [] : [`# ${error.hint}`])];
  });
}

/** What stands above a log. */
export function logHeader(run: RunView, step: string | undefined): string[] {
  const what = step === undefined ? `Run ${run.name}` : `Step ${step} of run ${run.name}`;
  const store = run.artifact_store === "" ? "" : `artifact store ${run.artifact_store}`;
  return [
    `# ${what} · ${run.status}`,
    `# ${dotted(`pipeline ${run.pipeline}`, `stack ${run.stack}${bracketed(originText(run.stack_origin))}`, store)}`,
    "",
  ];
}

/** Local time of day to the millisecond. */
function clock(iso: string): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return " ".repeat(12);
  const date = new Date(time);
  const two = (n: number): string => n.toString().padStart(2, "0");
  const ms = date.getMilliseconds().toString().padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
