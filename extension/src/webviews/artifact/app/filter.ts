import { OPERATORS, conditionText, takesValue } from "../../../model/tables";
import type { Condition, PreviewColumn } from "../../../protocol";
import { el } from "./dom";

/** Where conditions on rows are written; those that hold already stand beside it and can be taken away. */
export class Filter {
  readonly element: HTMLElement;

  private readonly column = el("select", { "aria-label": "Column" });

  private readonly op = el("select", { "aria-label": "Comparison" });

  private readonly value = el("input", { "aria-label": "Value", placeholder: "Value", spellcheck: "false" });

  private readonly chips = el("div", { class: "chips" });

  private names: readonly string[] = [];

  private where: readonly Condition[] = [];

  constructor(private readonly changed: (where: readonly Condition[]) => void) {
    this.op.append(...OPERATORS.map((op) => el("option", { value: op }, op)));
    this.op.addEventListener("change", () => {
      this.value.disabled = !takesValue(this.chosen());
    });
    const apply = el("button", { type: "submit", class: "button" }, "Filter");
    const form = el("form", { "aria-label": "Filter rows" }, this.column, this.op, this.value, apply);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.add();
    });
    this.element = el("div", { class: "filter" }, form, this.chips);
  }

  /** Shows which columns there are, and the conditions that hold. */
  show(columns: readonly PreviewColumn[], where: readonly Condition[]): void {
    const names = columns.map(({ name }) => name);
    if (JSON.stringify(names) !== JSON.stringify(this.names)) {
      const before = this.column.value;
      this.column.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
      if (names.includes(before)) this.column.value = before;
      this.names = names;
    }
    if (where.length > this.where.length) this.value.value = "";
    this.where = where;
    this.chips.replaceChildren(...where.map((condition) => this.chip(condition)));
  }

  private chip(condition: Condition): HTMLElement {
    const text = conditionText(condition);
    const chip = el("button", { type: "button", class: "chip", "aria-label": `Remove the condition ${text}` }, text);
    chip.append(el("span", { "aria-hidden": "true" }, " ×"));
    chip.title = "Remove this condition";
    chip.addEventListener("click", () => {
      this.changed(this.where.filter((one) => one !== condition));
    });
    return chip;
  }

  private add(): void {
    const op = this.chosen();
    const column = this.column.value;
    const condition: Condition = takesValue(op) ? { column, op, value: this.value.value } : { column, op };
    this.changed([...this.where, condition]);
  }

  private chosen(): Condition["op"] {
    return OPERATORS.find((op) => op === this.op.value) ?? "=";
  }
}
