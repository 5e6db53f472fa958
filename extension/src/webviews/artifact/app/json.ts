import { count } from "../../../model/format";
import { el } from "./dom";

/** Levels that are open at first. */
const OPEN_DEPTH = 2;
/** A list longer than this is closed at first. */
const OPEN_LENGTH = 50;

/** A JSON value as a tree that can be opened and closed, with mouse and keyboard. */
export function json(value: unknown): HTMLElement {
  return el("div", { class: "json" }, node(undefined, value, 0));
}

function node(key: string | undefined, value: unknown, depth: number): HTMLElement {
  const name = key === undefined ? [] : [el("span", { class: "key" }, key), ": "];
  if (typeof value !== "object" || value === null) return el("div", { class: "leaf" }, ...name, scalar(value));
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [index.toString(), item])
    : Object.entries(value);
  const isList = Array.isArray(value);
  if (entries.length === 0) return el("div", { class: "leaf" }, ...name, isList ? "[]" : "{}");
  const size = isList ? `[${count(entries.length, "item")}]` : `{${count(entries.length, "key")}}`;
  const details = el("details", {}, el("summary", {}, ...name, el("span", { class: "size" }, size)));
  details.open = depth < OPEN_DEPTH && entries.length <= OPEN_LENGTH;
  // Children are made when they are first seen: a big value opens at once.
  const fill = (): void => {
    if (details.open && details.childElementCount === 1) {
      details.append(...entries.map(([childKey, child]) => node(childKey, child, depth + 1)));
    }
  };
  fill();
  details.addEventListener("toggle", fill);
  return details;
}

function scalar(value: unknown): HTMLElement {
  const kind = value === null ? "null" : typeof value;
  return el("span", { class: `value ${kind}` }, JSON.stringify(value));
}
