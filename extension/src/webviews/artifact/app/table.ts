import { thousands } from "../../../model/format";
import type { Preview } from "../../../protocol";
import { el } from "./dom";

const NUMERIC = /^u?int|^float|^double|^decimal|^complex|^half/i;

/** A longer text may be cut by its cell; its tooltip has all of it. */
const LONG_TEXT = 40;

/** The first rows of a table: names and dtypes stay in sight, numbers stand to the right. */
export function table(preview: Preview): HTMLElement {
  const numeric = preview.columns.map((column) => NUMERIC.test(column.dtype));
  const names = preview.columns.map((column, index) =>
    el(
      "th",
      { scope: "col", ...(numeric[index] === true ? { class: "number" } : {}) },
      el("span", { class: "name" }, column.name),
      el("span", { class: "dtype" }, column.dtype),
    ),
  );
  const rows = preview.rows.map((row, index) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", class: "index" }, index.toString()),
      ...row.map((value, column) => cell(value, numeric[column] === true)),
    ),
  );
  const corner = el("th", { class: "index" });
  corner.append(el("span", { class: "hidden" }, "Row"));
  const head = el("thead", {}, el("tr", {}, corner, ...names));
  const shown = el("table", {}, head, el("tbody", {}, ...rows));
  return el(
    "div",
    {},
    el("p", { class: "note" }, caption(preview)),
    // Focusable, so that the arrow keys scroll it.
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, shown),
  );
}

/** Names and numbers of metrics. */
export function metrics(data: unknown): HTMLElement {
  const entries = typeof data === "object" && data !== null ? Object.entries(data as Record<string, unknown>) : [];
  const rows = entries.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), cell(value, true)));
  const head = el("tr", {}, el("th", { scope: "col" }, "Metric"), el("th", { scope: "col", class: "number" }, "Value"));
  return el("table", { class: "metrics" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

function cell(value: unknown, isNumeric: boolean): HTMLElement {
  const attributes = isNumeric ? { class: "number" } : {};
  if (value === null || value === undefined) return el("td", { class: "missing" }, "null");
  const text = typeof value === "string" ? value : cellText(value);
  return el("td", text.length > LONG_TEXT ? { ...attributes, title: text } : attributes, text);
}

function cellText(value: unknown): string {
  if (typeof value === "number" && !Number.isInteger(value)) {
    // As many digits as a reader can use; the file holds them all.
    return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9
      ? Number(value.toPrecision(6)).toString()
      : value.toPrecision(6);
  }
  return JSON.stringify(value);
}

function caption(preview: Preview): string {
  const shown = preview.rows.length;
  const total = preview.n_rows ?? shown;
  const columns = preview.n_columns ?? preview.columns.length;
  const columnText =
    preview.columns.length < columns ? `${preview.columns.length} of ${thousands(columns)}` : thousands(columns);
  const rowText = shown < total ? `First ${shown} of ${thousands(total)}` : thousands(total);
  return `${rowText} rows, ${columnText} columns`;
}
