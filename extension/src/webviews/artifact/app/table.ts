import {
  AS_IT_LIES,
  type TableQuery,
  neighbours,
  nextSort,
  pageOf,
  rangeText,
  statisticsOf,
} from "../../../model/tables";
import type { ColumnStatistics, Preview, PreviewColumn, TablePage } from "../../../protocol";
import { cell, isNumeric } from "./cells";
import { el, link } from "./dom";
import { Filter } from "./filter";
import type { Host } from "./host";
import { popover } from "./popover";
import { Slice } from "./slice";
import { details, summary, summaryLabel } from "./statistics";

/**
 * A stored table: its first rows from the preview, all others from the user's interpreter when they are asked for.
 *
 * What can't be had leaves what is shown as it is, and says why.
 */
export class Table {
  readonly element: HTMLElement;

  private page: TablePage;

  /** What is shown. */
  private query = AS_IT_LIES;

  private asked = 0;

  private readonly filter = new Filter((where) => void this.look({ ...this.query, where, offset: 0 }));

  private readonly slice = new Slice((index) => void this.look({ ...this.query, index, offset: 0 }));

  private readonly range = el("span", { role: "status", class: "range" });

  private readonly pager = el("nav", { "aria-label": "Pages", class: "pager" });

  private readonly notice = el("div");

  // Focusable, so that the arrow keys scroll it.
  private readonly scroll = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" });

  /** Of columns whose statistics were asked for, of the slice that is shown. */
  private readonly fetched = new Map<string, ColumnStatistics>();

  /** @param query what to show; undefined: the beginning, as the preview has it. */
  constructor(
    private readonly host: Host,
    private readonly versionId: string,
    private readonly preview: Preview,
    query: TableQuery | undefined,
  ) {
    this.page = pageOf(preview);
    const bar = el("div", { class: "bar" }, this.range, this.pager);
    this.element = el(
      "div",
      { class: "table" },
      this.slice.element,
      this.filter.element,
      bar,
      this.notice,
      this.scroll,
    );
    this.draw();
    if (preview.kind !== "table") this.range.textContent = "Loading…";
    if (query !== undefined) void this.look(query);
  }

  private async look(query: TableQuery): Promise<void> {
    const turn = ++this.asked;
    this.scroll.setAttribute("aria-busy", "true");
    const { id, answer } = await this.host.ask({ kind: "page", query });
    if (turn !== this.asked || answer.kind === "superseded") return;
    this.scroll.removeAttribute("aria-busy");
    this.notice.replaceChildren();
    if (answer.kind === "refused") {
      this.notice.append(this.refusal(id, answer));
      this.range.textContent = this.page.n_columns === 0 ? "" : rangeText(this.page);
    }
    if (answer.kind !== "page") return;
    if (JSON.stringify(query.index) !== JSON.stringify(this.query.index)) this.fetched.clear();
    this.page = answer.page;
    this.query = query;
    this.host.remember({ versionId: this.versionId, query });
    this.draw();
    this.scroll.scrollTop = 0;
  }

  private refusal(
    id: number,
    { message, hint, button }: { message: string; hint: string; button: string },
  ): HTMLElement {
    const mend = link(button, button, () => {
      this.host.mend(id);
    });
    const text = [message, hint].filter((part) => part !== "").join(" ");
    return el("p", { class: "problem", role: "alert" }, text, ...(button === "" ? [] : [" ", mend]));
  }

  private draw(): void {
    const { page } = this;
    this.range.textContent = rangeText(page);
    this.slice.show(page.shape, page.index);
    this.filter.show(page.columns, this.query.where);
    this.drawPager();
    const numeric = page.columns.map(({ dtype }) => isNumeric(dtype));
    const rows = page.rows.map((row, index) =>
      el(
        "tr",
        {},
        el("th", { scope: "row", class: "index" }, (page.offset + index).toString()),
        ...row.map((value, column) => cell(value, numeric[column] === true)),
      ),
    );
    const head = el("thead", {}, this.names(), this.statistics());
    const focused = document.activeElement?.getAttribute("data-focus");
    this.scroll.replaceChildren(el("table", {}, head, el("tbody", {}, ...rows)));
    // A header that was pressed was drawn anew: the keyboard stays where it was.
    if (typeof focused === "string") this.scroll.querySelector<HTMLElement>(`[data-focus="${focused}"]`)?.focus();
  }

  private drawPager(): void {
    const focused = document.activeElement?.getAttribute("aria-label");
    const around = neighbours(this.page);
    const buttons: [string, string, number | undefined][] = [
      ["«", "First page", around.first],
      ["‹", "Previous page", around.previous],
      ["›", "Next page", around.next],
      ["»", "Last page", around.last],
    ];
    const made = buttons.map(([sign, label, offset]) => {
      const button = el("button", { type: "button", class: "button", title: label, "aria-label": label }, sign);
      button.disabled = offset === undefined;
      button.addEventListener("click", () => {
        if (offset !== undefined) void this.look({ ...this.query, offset });
      });
      return button;
    });
    const isOnePage = made.every((button) => button.disabled);
    this.pager.replaceChildren(...(isOnePage ? [] : made));
    made.find((button) => button.getAttribute("aria-label") === focused)?.focus();
  }

  private names(): HTMLElement {
    const corner = el("td", { class: "index" });
    return el("tr", {}, corner, ...this.page.columns.map((column, place) => this.nameOf(column, place)));
  }

  private nameOf({ name, dtype }: PreviewColumn, place: number): HTMLElement {
    const key = this.query.sort.find((one) => one.column === name);
    const order = key === undefined ? "none" : key.descending === true ? "descending" : "ascending";
    const arrow = { none: "", ascending: " ↑", descending: " ↓" }[order];
    const sort = el(
      "button",
      { type: "button", class: "name", "data-focus": `name-${place}`, title: `Sort by ${name}` },
      name,
      el("span", { "aria-hidden": "true" }, arrow),
    );
    sort.addEventListener("click", (event) => {
      void this.look({ ...this.query, sort: nextSort(this.query.sort, name, event.shiftKey), offset: 0 });
    });
    return el(
      "th",
      { scope: "col", "aria-sort": order, ...(isNumeric(dtype) ? { class: "number" } : {}) },
      sort,
      el("span", { class: "dtype" }, dtype),
    );
  }

  private statistics(): HTMLElement {
    const cells = this.page.columns.map((column, place) => {
      const found = statisticsOf(this.preview, column) ?? this.fetched.get(column.name);
      const label = found === undefined ? `Statistics of ${column.name}` : summaryLabel(column.name, found);
      const button = el("button", {
        type: "button",
        class: "stats",
        "data-focus": `statistics-${place}`,
        title: `Statistics of ${column.name}`,
        "aria-label": label,
        "aria-haspopup": "dialog",
      });
      button.append(found === undefined ? "Statistics…" : summary(found));
      button.addEventListener("click", () => void this.tell(column, button));
      return el("td", { class: isNumeric(column.dtype) ? "stats number" : "stats" }, button);
    });
    return el("tr", { class: "stats" }, el("td", { class: "index" }), ...cells);
  }

  private async tell(column: PreviewColumn, beside: HTMLElement): Promise<void> {
    let found = statisticsOf(this.preview, column) ?? this.fetched.get(column.name);
    if (found === undefined) {
      const { name } = column;
      const { id, answer } = await this.host.ask({ kind: "statistics", column: name, index: this.query.index });
      if (answer.kind === "refused") this.notice.replaceChildren(this.refusal(id, answer));
      if (answer.kind !== "statistics") return;
      found = answer.statistics;
      this.fetched.set(name, found);
      this.draw();
    }
    const title = el("h2", {}, column.name, " ", el("span", { class: "dtype" }, column.dtype));
    const all = this.query.where.length === 0 ? [] : [el("p", { class: "note" }, "Of all rows, filtered or not.")];
    popover(beside.isConnected ? beside : this.scroll, `Statistics of ${column.name}`, title, details(found), ...all);
  }
}
