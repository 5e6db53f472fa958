import "./style.css";
import "./table.css";
import { messageOf } from "../../../util/errors";
import type { FromPreview, ToPreview } from "../contract";
import { body } from "./body";
import { el } from "./dom";
import { header } from "./header";
import { Host } from "./host";

const host = new Host();

function show(message: Exclude<ToPreview, { type: "answer" }>): Node[] {
  if (message.type === "problem") {
    return [el("p", { class: "problem", role: "alert" }, message.message), el("p", { class: "note" }, message.hint)];
  }
  const { version, image } = message;
  const before = host.remembered(version.id);
  host.remember({ ...before, versionId: version.id });
  const send = (answer: FromPreview): void => {
    host.send(answer);
  };
  return [header(version, send), body(version, image, host, before?.query)];
}

window.addEventListener("message", (event: MessageEvent<ToPreview>) => {
  const page = document.getElementById("preview");
  if (page === null) return;
  if (event.data.type === "answer") {
    host.take(event.data.id, event.data.answer);
    return;
  }
  try {
    page.replaceChildren(...show(event.data));
  } catch (error) {
    page.replaceChildren(
      el("p", { class: "problem", role: "alert" }, `The preview can't be shown: ${messageOf(error)}`),
    );
  }
  page.removeAttribute("aria-busy");
});

host.send({ type: "ready" });
