import "./style.css";
import { messageOf } from "../../../util/errors";
import type { FromPreview, PreviewState, ToPreview } from "../contract";
import { body } from "./body";
import { el } from "./dom";
import { header } from "./header";

interface VsCode {
  postMessage(message: FromPreview): void;
  setState(state: PreviewState): void;
}

declare function acquireVsCodeApi(): VsCode;

const vscode = acquireVsCodeApi();

function show(message: ToPreview): Node[] {
  if (message.type === "problem") {
    return [el("p", { class: "problem", role: "alert" }, message.message), el("p", { class: "note" }, message.hint)];
  }
  vscode.setState({ versionId: message.version.id });
  const send = (answer: FromPreview): void => {
    vscode.postMessage(answer);
  };
  return [header(message.version, send), body(message.version, message.image, send)];
}

window.addEventListener("message", (event: MessageEvent<ToPreview>) => {
  const page = document.getElementById("preview");
  if (page === null) return;
  try {
    page.replaceChildren(...show(event.data));
  } catch (error) {
    page.replaceChildren(
      el("p", { class: "problem", role: "alert" }, `The preview can't be shown: ${messageOf(error)}`),
    );
  }
  page.removeAttribute("aria-busy");
});

vscode.postMessage({ type: "ready" });
