import { valueText } from "../../../model/tables";
import { el } from "./dom";

const NUMERIC = /^u?int|^float|^double|^decimal|^complex|^half/i;

/** A longer text may be cut by its cell; its tooltip has all of it. */
const LONG_TEXT = 40;

/** Tells whether a column's values stand to the right. */
export function isNumeric(dtype: string): boolean {
  return NUMERIC.test(dtype);
}

/** A cell of a table. */
export function cell(value: unknown, isNumber: boolean): HTMLElement {
  if (value === null || value === undefined)
    return el("td", { class: isNumber ? "number missing" : "missing" }, "null");
  const text = valueText(value);
  const attributes = isNumber ? { class: "number" } : {};
  return el("td", text.length > LONG_TEXT ? { ...attributes, title: text } : attributes, text);
}

/** Names and numbers of metrics. */
export function metrics(data: unknown): HTMLElement {
  const entries = typeof data === "object" && data !== null ? Object.entries(data as Record<string, unknown>) : [];
  const rows = entries.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), cell(value, true)));
  const head = el("tr", {}, el("th", { scope: "col" }, "Metric"), el("th", { scope: "col", class: "number" }, "Value"));
  return el("table", { class: "metrics" }, el("thead", {}, head), el("tbody", {}, ...rows));
}
