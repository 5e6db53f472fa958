import { window } from "vscode";

/** Questions that must be answered before anything goes on; a test can answer in the user's place. */
export class Dialogs {
  /**
   * Asks in a dialog.
   *
   * @returns the button that was pressed; undefined when the dialog was closed without one.
   */
  async ask<T extends string>(message: string, detail: string, ...buttons: readonly T[]): Promise<T | undefined> {
    return window.showWarningMessage(message, { modal: true, detail }, ...buttons);
  }
}
