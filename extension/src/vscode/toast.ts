import { commands, window } from "vscode";
import { type Remedy } from "../util/errors";

/** The three weights of a toast. */
export type Weight = "information" | "warning" | "error";

/** Shows a toast and runs the command of the button that was pressed, if any was. */
export async function toast(weight: Weight, message: string, ...buttons: readonly Remedy[]): Promise<void> {
  const titles = buttons.map((button) => button.title);
  const chosen = await show(weight, message, titles);
  const button = buttons.find((one) => one.title === chosen);
  if (button !== undefined) await commands.executeCommand(button.command, ...(button.args ?? []));
}

async function show(weight: Weight, message: string, titles: readonly string[]): Promise<string | undefined> {
  switch (weight) {
    case "information":
      return window.showInformationMessage(message, ...titles);
    case "warning":
      return window.showWarningMessage(message, ...titles);
    case "error":
      return window.showErrorMessage(message, ...titles);
  }
}
