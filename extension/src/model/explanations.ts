/** Why steps were reused or not, as a page of Markdown. */

import type { ChangeView, RunExplanation, StepExplanation } from "../protocol";
import { escaped } from "./format";

const MAX_VALUE = 200;

/** Parts whose digests say nothing to people, and whose values are nobody's business. */
const SECRET: readonly ChangeView["part"][] = ["environment", "secrets"];

const NOUNS: Readonly<Record<ChangeView["part"], string>> = {
  code: "Code of",
  parameters: "Parameter",
  inputs: "Input",
  outputs: "Output",
  materializers: "Materializer",
  policy: "",
  environment: "Environment variable",
  secrets: "Secret",
  experiment_tracker: "Experiment tracker",
  python: "Python",
};

/** The page about a run's steps, or about one: what was reused, what ran and what had changed. */
export function explanationPage(found: RunExplanation): string {
  const reused = found.steps.filter((step) => step.reused).length;
  const [only] = found.steps;
  const intro =
    found.steps.length === 1 && only !== undefined
      ? [`# Step ${code(only.step)} of run ${code(found.run)}`]
      : [`# Run ${code(found.run)}`, `${reused} of ${found.steps.length} steps were reused.`];
  const store = `Pipeline ${code(found.pipeline)}, artifact store ${code(found.artifact_store)}.`;
  const steps = found.steps.flatMap((step) =>
    (found.steps.length === 1 ? [] : [`## ${escaped(step.step)}`]).concat(body(step)),
  );
  return `${[...intro, store, ...steps].join("\n\n")}\n`;
}

/** Why a step was reused or not, in a sentence. */
export function verdict(step: StepExplanation): string {
  if (step.reused) {
    return step.from_run === "" ? "Reused from a run that was deleted." : `Reused from run ${code(step.from_run)}.`;
  }
  if (step.reason !== null) return `It ran: ${escaped(step.detail)}.`;
  if (step.status === "cached") return "Taken as it was.";
  return `It is ${step.status}: the cache was not asked.`;
}

function body(step: StepExplanation): string[] {
  if (step.compared_run === "" || step.changes.length === 0) return [verdict(step)];
  return [verdict(step), `Compared with run ${code(step.compared_run)}:`, ...step.changes.map(changeText)];
}

function changeText(change: ChangeView): string {
  const noun = NOUNS[change.part];
  // "Python Python 3.12" is said once.
  const name = [noun, change.name === "" ? "" : code(change.name)].filter((part) => part !== "").join(" ");
  if (change.part === "code")
    return `- ${name} ${happened(change)}${change.diff === "" ? "." : `:\n\n${diff(change.diff)}`}`;
  if (SECRET.includes(change.part)) return `- ${name} ${happened(change)}.`;
  return `- ${name}: ${value(change.before)} → ${value(change.after)}`;
}

function happened({ before, after }: ChangeView): string {
  if (before === null) return "is new";
  return after === null ? "is gone" : "changed";
}

function diff(text: string): string {
  const fence = fenceFor(text);
  const lines = [`${fence}diff`, ...text.trimEnd().split("\n"), fence];
  return lines.map((line) => `  ${line}`).join("\n");
}

/** A fence that the text does not hold. */
function fenceFor(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  return "`".repeat(longest + 1);
}

function value(one: unknown): string {
  if (one === null || one === undefined) return "nothing";
  const text = typeof one === "string" ? one : JSON.stringify(one);
  return code(text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text);
}

/** A text as it is: Markdown reads nothing in it. */
function code(text: string): string {
  const line = text.replace(/\s*\n\s*/g, " ⏎ ");
  const ticks = "`".repeat(Math.max(0, ...[...line.matchAll(/`+/g)].map(([found]) => found.length)) + 1);
  const pad = ticks.length > 1 || line.trim() === "" ? " " : "";
  return `${ticks}${pad}${line}${pad}${ticks}`;
}
