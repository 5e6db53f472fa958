import type { LogOutputChannel } from "vscode";
import { window } from "vscode";

/** Makes the extension's one output channel; the server's stderr goes there too. */
export function createLog(): LogOutputChannel {
  return window.createOutputChannel("Stackyard", { log: true });
}
