/** Stored tables as people look at them: which rows, in which order, and what a column holds. */

import type { ColumnStatistics, Condition, Preview, PreviewColumn, SortKey, TablePage } from "../protocol";
import { count, thousands } from "./format";

/** Rows of a page. */
export const PAGE_ROWS = 100;

/** What is looked at of a table. */
export interface TableQuery {
  readonly offset: number;
  readonly sort: readonly SortKey[];
  readonly where: readonly Condition[];
  /** Of an array of more than two dimensions: where in the leading ones. */
  readonly index: readonly number[];
}

/** The beginning of a table as it lies. */
export const AS_IT_LIES: TableQuery = { offset: 0, sort: [], where: [], index: [] };

/** Comparisons in the order in which they are offered. */
export const OPERATORS: readonly Condition["op"][] = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "is null",
  "is not null",
];

/** Tells whether a comparison is with a value. */
export function takesValue(op: Condition["op"]): boolean {
  return op !== "is null" && op !== "is not null";
}

/** `age >= 30`, `city is null`. */
export function conditionText({ column, op, value }: Condition): string {
  if (!takesValue(op)) return `${column} ${op}`;
  return `${column} ${op} ${value === "" ? '""' : valueText(value)}`;
}

/** The rows of a preview as the first page of its table. */
export function pageOf(preview: Preview): TablePage {
  const n_rows = preview.n_rows ?? preview.rows.length;
  return {
    columns: preview.columns,
    rows: preview.rows,
    offset: 0,
    n_matching: n_rows,
    n_rows,
    n_columns: preview.n_columns ?? preview.columns.length,
    shape: [],
    index: [],
  };
}

/** `1–100 of 1,000,000 rows`, `1–12 of 12 matching rows (of 569)`, with the columns if some are left out. */
export function rangeText(page: TablePage): string {
  const isFiltered = page.n_matching < page.n_rows;
  const columns =
    page.columns.length < page.n_columns
      ? `${thousands(page.columns.length)} of ${count(page.n_columns, "column")}`
      : count(page.n_columns, "column");
  if (page.n_matching === 0) return isFiltered ? `No row of ${thousands(page.n_rows)} matches` : `No rows, ${columns}`;
  const last = page.offset + page.rows.length;
  const range = `${thousands(page.offset + 1)}–${thousands(last)} of ${thousands(page.n_matching)}`;
  const matching = isFiltered
    ? ` matching ${page.n_matching === 1 ? "row" : "rows"} (of ${thousands(page.n_rows)})`
    : page.n_rows === 1
      ? " row"
      : " rows";
  return `${range}${matching}, ${columns}`;
}

/** Where the pages around the one that is shown begin; undefined where there is none. */
export interface Neighbours {
  readonly first: number | undefined;
  readonly previous: number | undefined;
  readonly next: number | undefined;
  readonly last: number | undefined;
}

/** The pages around one. */
export function neighbours(page: TablePage): Neighbours {
  const end = page.offset + page.rows.length;
  const hasMore = page.rows.length > 0 && end < page.n_matching;
  const hasLess = page.offset > 0;
  return {
    first: hasLess ? 0 : undefined,
    previous: hasLess ? Math.max(0, page.offset - PAGE_ROWS) : undefined,
    next: hasMore ? end : undefined,
    last: hasMore ? Math.max(end, page.n_matching - PAGE_ROWS) : undefined,
  };
}

/**
 * The order after a column's header was pressed: ascending, descending, as the rows lie.
 *
 * @param add Keeps the other keys: the column becomes the last of them.
 */
export function nextSort(sort: readonly SortKey[], column: string, add = false): SortKey[] {
  const key = sort.find((one) => one.column === column);
  const others = add ? sort.filter((one) => one !== key) : [];
  if (key === undefined) return [...others, { column, descending: false }];
  return key.descending === true ? others : [...others, { column, descending: true }];
}

/** What a column holds: its own statistics, or those of an array whose only column it is. */
export function statisticsOf(preview: Preview, column: PreviewColumn): ColumnStatistics | null {
  if (column.statistics !== null) return column.statistics;
  const kept = preview.columns.find((one) => one.name === column.name)?.statistics ?? null;
  return kept ?? (preview.n_columns === 1 ? preview.statistics : null);
}

/** `0.31 – 28.1`, `3 different values`: the one line that says most of a column. */
export function spread(statistics: ColumnStatistics): string {
  const { minimum, maximum, distinct } = statistics;
  if (statistics.count === 0) return "no values";
  if (typeof minimum === "number" || statistics.top.length === 0) {
    if (minimum !== null && maximum !== null) return `${short(minimum)} – ${short(maximum)}`;
  }
  if (distinct === null) return "";
  return statistics.sampled === null
    ? count(distinct, "different value")
    : `${thousands(distinct)} or more different values`;
}

/** A value where there is little room: four digits say enough, and midnight is left out. */
function short(value: unknown): string {
  if (typeof value === "number" && !Number.isInteger(value)) return valueText(Number(value.toPrecision(4)));
  return valueText(value).replace(/T00:00:00$/, "");
}

/** Of all values how many are missing: `3.1 % missing`; empty when none is. */
export function missingText({ missing, count: present }: ColumnStatistics): string {
  if (missing === 0) return "";
  const percent = (100 * missing) / (missing + present);
  return `${percent < 0.1 ? "<0.1" : percent > 99.9 && present > 0 ? ">99.9" : percent.toFixed(percent < 10 ? 1 : 0)} % missing`;
}

/** The facts of statistics with their names, those that are known. */
export function statisticFacts(statistics: ColumnStatistics): [string, string][] {
  const facts: [string, string | undefined][] = [
    ["Values", thousands(statistics.count)],
    ["Missing", thousands(statistics.missing)],
    ["Different", distinctText(statistics)],
    ["Minimum", known(statistics.minimum)],
    ["Mean", known(statistics.mean)],
    ["Standard deviation", known(statistics.std)],
    ["Maximum", known(statistics.maximum)],
  ];
  return facts.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
}

function distinctText({ distinct, sampled }: ColumnStatistics): string | undefined {
  if (distinct === null) return undefined;
  return sampled === null ? thousands(distinct) : `${thousands(distinct)} or more`;
}

function known(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : valueText(value);
}

/** A value as a cell shows it: as many digits as a reader can use; the file holds them all. */
export function valueText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "number" || Number.isInteger(value)) return JSON.stringify(value);
  const isPlain = Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9;
  return isPlain ? Number(value.toPrecision(6)).toString() : value.toPrecision(6);
}
