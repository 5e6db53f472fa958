/**
 * Parameters of a pipeline as its source shows them: what to prefill, what to accept, what to send.
 *
 * Only simple types are judged here. Everything else travels as the text that was typed: the driver converts it by
 * the annotation, and its error names the parameter.
 */

import type { ParameterInfo } from "../protocol";

/** What a parameter accepts, as far as it can be told from its annotation or default. */
export type ParameterKind =
  | { readonly kind: "int" | "float" | "bool" | "str" | "json" | "other" }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

/** A value that was chosen: what is sent and what is shown. */
export interface ParameterValue {
  readonly value: unknown;
  readonly text: string;
}

/** A text that was accepted, or why it was not. */
export type Parsed =
  { readonly ok: true; readonly value: ParameterValue } | { readonly ok: false; readonly problem: string };

/** Tells what a parameter accepts. */
export function kindOf(parameter: ParameterInfo): ParameterKind {
  const annotation = strip(parameter.annotation);
  if (annotation !== "") return kindOfAnnotation(annotation);
  const literal = literalText(parameter.default ?? "");
  if (literal !== undefined && literal.kind !== "none") return { kind: literal.kind };
  return { kind: "other" };
}

/** Tells whether `None` is a value of the parameter. */
export function isOptional(parameter: ParameterInfo): boolean {
  const annotation = parameter.annotation.replaceAll(/\s/g, "");
  return (
    /^(typing\.)?Optional\[/.test(annotation) || /(^|\|)None($|\|)/.test(annotation) || parameter.default === "None"
  );
}

/** What an input box starts with: the default's text when it is a literal, else nothing. */
export function prefill(parameter: ParameterInfo): string {
  return literalText(parameter.default ?? "")?.text ?? "";
}

/** `= 10 (int)`, `required (str)`. */
export function describeParameter(parameter: ParameterInfo, chosen: ParameterValue | undefined): string {
  const value = chosen?.text ?? parameter.default;
  const type = parameter.annotation === "" ? "" : ` (${parameter.annotation})`;
  return (value === null ? "required" : `= ${value}`) + type;
}

/** Names of the parameters that a run needs and that have no value yet. */
export function missingParameters(
  parameters: readonly ParameterInfo[],
  chosen: ReadonlyMap<string, ParameterValue>,
): string[] {
  return parameters.filter((one) => one.required && !chosen.has(one.name)).map((one) => one.name);
}

/** Turns what was typed into what is sent. */
export function parseParameter(parameter: ParameterInfo, typed: string): Parsed {
  const kind = kindOf(parameter);
  const text = kind.kind === "str" ? typed : typed.trim();
  if (text === "None" && isOptional(parameter)) return accept(null, "None");
  switch (kind.kind) {
    case "int":
      return parseInteger(text);
    case "float":
      return parseFloating(text);
    case "bool":
      return parseBoolean(text);
    case "json":
      return parseJson(text);
    case "choice":
      return kind.choices.includes(text)
        ? accept(text, text)
        : { ok: false, problem: `Choose one of ${kind.choices.join(", ")}.` };
    case "str":
      return accept(text, text);
    case "other":
      return text === "" ? { ok: false, problem: "Type a value." } : accept(text, text);
  }
}

function accept(value: unknown, text: string): Parsed {
  return { ok: true, value: { value, text } };
}

function parseInteger(text: string): Parsed {
  if (!/^[+-]?\d+$/.test(text)) return { ok: false, problem: "Type a whole number, such as 10." };
  const number = Number(text);
  return accept(Number.isSafeInteger(number) ? number : text, text);
}

function parseFloating(text: string): Parsed {
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    return { ok: false, problem: "Type a number, such as 0.25 or 1e-3." };
  }
  return accept(Number(text), text);
}

function parseBoolean(text: string): Parsed {
  const truth = new Map([
    ["true", true],
    ["false", false],
  ]).get(text.toLowerCase());
  if (truth === undefined) return { ok: false, problem: "Type True or False." };
  return accept(truth, truth ? "True" : "False");
}

function parseJson(text: string): Parsed {
  try {
    return accept(JSON.parse(text), text);
  } catch {
    return { ok: false, problem: 'Type a JSON value, such as [1, 2] or {"a": 1}.' };
  }
}

function strip(annotation: string): string {
  let text = annotation.trim();
  for (;;) {
    const inner = /^(?:typing\.)?(?:Optional|Annotated)\[(.*)\]$/s.exec(text)?.[1];
    if (inner === undefined) break;
    text = (text.includes("Annotated[") ? firstOf(inner) : inner).trim();
  }
  return text
    .replace(/\|\s*None$/, "")
    .replace(/^None\s*\|/, "")
    .trim();
}

/** The part before the first comma that is not inside brackets. */
function firstOf(list: string): string {
  let depth = 0;
  for (let i = 0; i < list.length; i += 1) {
    const character = list.charAt(i);
    if ("[({".includes(character)) depth += 1;
    else if ("])}".includes(character)) depth -= 1;
    else if (character === "," && depth === 0) return list.slice(0, i);
  }
  return list;
}

function kindOfAnnotation(annotation: string): ParameterKind {
  if (annotation === "int" || annotation === "float" || annotation === "bool" || annotation === "str") {
    return { kind: annotation };
  }
  const literal = /^(?:typing\.)?Literal\[(.*)\]$/s.exec(annotation)?.[1];
  if (literal !== undefined) {
    const choices = literal.split(",").map((choice) => literalText(choice.trim()));
    if (choices.every((choice) => choice?.kind === "str")) {
      return { kind: "choice", choices: choices.map((choice) => choice?.text ?? "") };
    }
  }
  if (/^(?:typing\.)?(?:list|dict|List|Dict|Sequence|Mapping)\b/.test(annotation)) return { kind: "json" };
  return { kind: "other" };
}

interface Literal {
  readonly kind: "int" | "float" | "bool" | "str" | "none";
  readonly text: string;
}

/** Reads a Python literal of a simple type; undefined for any other expression. */
function literalText(source: string): Literal | undefined {
  const text = source.trim();
  if (/^[+-]?\d[\d_]*$/.test(text)) return { kind: "int", text: text.replaceAll("_", "") };
  if (/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return { kind: "float", text: text.replaceAll("_", "") };
  if (text === "True" || text === "False") return { kind: "bool", text };
  if (text === "None") return { kind: "none", text };
  const quoted = /^(["'])((?:(?!\1)[^\\\n])*)\1$/.exec(text);
  if (quoted !== null) return { kind: "str", text: quoted[2] ?? "" };
  return undefined;
}
