import { el } from "./dom";

const MARGIN = 8;

/** Shows something beside a button until Escape or a click elsewhere; the focus goes back to the button. */
export function popover(beside: HTMLElement, label: string, ...content: readonly Node[]): void {
  const box = el("div", { class: "popover", popover: "auto", role: "dialog", "aria-label": label, tabindex: "-1" });
  box.append(...content);
  box.addEventListener("toggle", (event) => {
    if (event.newState === "closed") box.remove();
  });
  document.body.append(box);
  box.showPopover();
  const { left, bottom } = beside.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  // Styles set from a script are no inline styles: the policy allows them.
  box.style.left = `${Math.max(MARGIN, Math.min(left, clientWidth - box.offsetWidth - MARGIN))}px`;
  box.style.top = `${Math.max(MARGIN, Math.min(bottom + 4, clientHeight - box.offsetHeight - MARGIN))}px`;
  box.focus();
}
