import { count, thousands } from "../../../model/format";
import { missingText, spread, statisticFacts, valueText } from "../../../model/tables";
import type { ColumnStatistics, Histogram, ValueCount } from "../../../protocol";
import { el } from "./dom";

const SVG = "http://www.w3.org/2000/svg";
/** Of a bar chart, in its own units; the style sheet says how large it is drawn. */
const HEIGHT = 20;
const BAR = 4;
/** Bars of so many values fill a small chart. */
const MOST_BARS = 20;

/** What a column holds, as small as a header's cell. */
export function summary(statistics: ColumnStatistics): HTMLElement {
  const missing = missingText(statistics);
  return el(
    "span",
    { class: "summary" },
    chart(statistics, "small"),
    el("span", { class: "spread" }, spread(statistics)),
    ...(missing === "" ? [] : [el("span", { class: "gaps" }, missing)]),
  );
}

/** The same in words, for screen readers. */
export function summaryLabel(name: string, statistics: ColumnStatistics): string {
  const facts = statisticFacts(statistics).map(([fact, text]) => `${fact.toLowerCase()} ${text}`);
  return `Statistics of ${name}: ${facts.join(", ")}`;
}

/** Everything that is known of a column, or of an array as a whole. */
export function details(statistics: ColumnStatistics): HTMLElement {
  const facts = statisticFacts(statistics).map(([name, text]) =>
    el("div", {}, el("dt", {}, name), el("dd", { class: "number" }, text)),
  );
  const parts: HTMLElement[] = [el("dl", { class: "numbers" }, ...facts)];
  if (statistics.histogram !== null) parts.push(histogram(statistics, statistics.histogram));
  if (isTelling(statistics.top)) parts.push(top(statistics));
  if (statistics.sampled !== null) {
    const values = `${count(statistics.sampled, "value")}, evenly spread`;
    parts.push(el("p", { class: "note" }, `Bars and frequencies are of ${values}; all else is of all of them.`));
  }
  return el("div", { class: "statistics" }, ...parts);
}

function histogram(statistics: ColumnStatistics, { edges }: Histogram): HTMLElement {
  const [first, last] = [edges.at(0), edges.at(-1)];
  return el(
    "div",
    { class: "histogram" },
    chart(statistics, "large"),
    el("div", { class: "edges" }, el("span", {}, valueText(first)), el("span", {}, valueText(last))),
  );
}

function top({ top: values }: ColumnStatistics): HTMLElement {
  const most = Math.max(1, ...values.map((one) => one.count));
  const rows = values.map((one: ValueCount) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, one.value === "" ? "(empty)" : valueText(one.value)),
      el("td", { class: "number" }, thousands(one.count)),
      el("td", {}, bars([one.count], most, "share")),
    ),
  );
  const caption = el("caption", {}, "Most frequent values");
  return el("table", { class: "top" }, caption, el("tbody", {}, ...rows));
}

/** Values that are all different say nothing by how often they are there. */
function isTelling(values: readonly ValueCount[]): boolean {
  return values.some((one) => one.count > 1);
}

function chart({ histogram: found, top: values }: ColumnStatistics, kind: string): Element {
  const counts = found?.counts ?? (isTelling(values) ? values.slice(0, MOST_BARS).map((one) => one.count) : []);
  return bars(counts, Math.max(1, ...counts), kind);
}

/** Bars beside each other; one alone is drawn from the left, as long as its share of the most. */
function bars(counts: readonly number[], most: number, kind: string): Element {
  const svg = svgElement("svg", { class: `bars ${kind}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  if (kind === "share") {
    svg.setAttribute("viewBox", "0 0 100 1");
    svg.append(rectangle(0, 0, (100 * (counts[0] ?? 0)) / most, 1));
    return svg;
  }
  svg.setAttribute("viewBox", `0 0 ${Math.max(1, counts.length) * BAR} ${HEIGHT}`);
  counts.forEach((one, place) => {
    // What is there at all is seen.
    const height = one === 0 ? 0 : Math.max(1, (HEIGHT * one) / most);
    svg.append(rectangle(place * BAR, HEIGHT - height, BAR - 0.5, height));
  });
  return svg;
}

function rectangle(x: number, y: number, width: number, height: number): Element {
  return svgElement("rect", {
    x: x.toString(),
    y: y.toString(),
    width: width.toString(),
    height: height.toString(),
  });
}

function svgElement(name: string, attributes: Readonly<Record<string, string>>): Element {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
