import { el } from "./dom";

/** Which slice of an array of more than two dimensions is shown: a number for each of the leading ones. */
export class Slice {
  readonly element = el("div", { class: "slice" });

  constructor(private readonly changed: (index: readonly number[]) => void) {}

  /** @param shape Of the whole array; empty for what has no slices. */
  show(shape: readonly number[], index: readonly number[]): void {
    const leading = shape.slice(0, -2);
    const inputs = leading.map((length, place) => {
      const input = el("input", {
        type: "number",
        min: "0",
        max: (length - 1).toString(),
        value: (index[place] ?? 0).toString(),
        "aria-label": `Dimension ${place + 1}, from 0 to ${length - 1}`,
      });
      input.addEventListener("change", () => {
        this.changed(leading.map((_, at) => (at === place ? input.valueAsNumber : (index[at] ?? 0)) || 0));
      });
      return input;
    });
    const rest = leading.length === 0 ? [] : [", :, :]"];
    const parts = inputs.flatMap((input, place) => [place === 0 ? "Slice [" : ", ", input]);
    this.element.replaceChildren(...parts, ...rest);
  }
}
