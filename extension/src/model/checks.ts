/** What checks of stacks found, as people read it. */

import type { CheckView, FindingView, StackCheckResult } from "../protocol";
import { count, escaped } from "./format";

/** How many errors a dialog names. */
const MAX_NAMED = 3;

const MARKS: Readonly<Record<FindingView["severity"], string>> = { ok: "✓", warning: "⚠", error: "✗" };

/** The check of a stack among those with problems; undefined when nothing is wrong or nothing is known. */
export function checkOf(checks: StackCheckResult | undefined, stackId: string): CheckView | undefined {
  return checks?.items.find(({ id }) => id === stackId)?.check;
}

/** The findings that keep a stack from being used. */
export function errorsOf(check: CheckView | undefined): FindingView[] {
  return check?.findings.filter(({ severity }) => severity === "error") ?? [];
}

/** The errors as lines of a dialog, each with its fix. */
export function errorLines(check: CheckView): string {
  const errors = errorsOf(check);
  const lines = errors.slice(0, MAX_NAMED).map(sentence);
  if (errors.length > MAX_NAMED) lines.push(`… and ${count(errors.length - MAX_NAMED, "more error")}`);
  return lines.join("\n\n");
}

/** What is wrong, in one line. */
export function sentence(finding: FindingView): string {
  return `${capitalized(finding.subject)}: ${finding.message}`;
}

/** A check as a page of Markdown: the problems first, each with the command that mends it. */
export function checkPage(stack: string, check: CheckView): string {
  const problems = check.findings.filter(({ severity }) => severity !== "ok");
  const fine = check.findings.filter(({ severity }) => severity === "ok");
  const verdict = check.usable ? "It can be used." : "It can't be used as it is.";
  return [
    `# Stack ${escaped(stack)}`,
    verdict,
    ...problems.map((finding) => {
      const fix = finding.fix === "" ? "" : `\n\n\`\`\`sh\n${finding.fix}\n\`\`\``;
      return `## ${MARKS[finding.severity]} ${escaped(capitalized(finding.subject))}\n\n${escaped(finding.message)}${fix}`;
    }),
    fine.length === 0 ? "" : `## In order`,
    fine.map((finding) => `- ${MARKS.ok} ${escaped(sentence(finding))}`).join("\n"),
    "---",
    "Services were not asked. In a terminal, this asks them too:",
    `\`\`\`sh\nstackyard stack check ${shellWord(stack)}\n\`\`\``,
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) ? text : `'${text}'`;
}
