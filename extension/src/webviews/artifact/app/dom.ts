/** Makes an element. Text stays text: nothing that comes from an artifact is ever read as HTML. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Makes a button that looks like a link. */
export function link(text: string, label: string, onClick: () => void): HTMLButtonElement {
  const button = el("button", { class: "link", type: "button", title: label, "aria-label": label }, text);
  button.addEventListener("click", onClick);
  return button;
}
