/** Notification toasts and modal dialogs. */
import { PATIENCE_MS, insist } from "./attempts.mjs";

export class Notifications {
  constructor(page) {
    this.page = page;
    this.toasts = page.locator(".notification-toast");
    this.dialog = page.locator(".monaco-dialog-box");
  }

  /** Waits for a toast whose text matches and returns its text, buttons and locator. */
  async waitFor(text, { timeout = PATIENCE_MS } = {}) {
    const toast = this.toasts.filter({ hasText: text }).first();
    try {
      await toast.waitFor({ timeout });
    } catch (error) {
      throw new Error(`no notification ${text}; shown are:\n${(await this.texts()).join("\n") || "(none)"}`, {
        cause: error,
      });
    }
    return {
      toast,
      text: (await toast.locator(".notification-list-item-message").innerText()).trim(),
      severity: await this.#severity(toast),
      buttons: (await toast.locator(".notification-list-item-buttons-container .monaco-button").allInnerTexts()).map(
        (one) => one.trim(),
      ),
    };
  }

  async texts() {
    return (await this.toasts.locator(".notification-list-item-message").allInnerTexts()).map((one) => one.trim());
  }

  /** The texts of the error messages that are shown. */
  async errors() {
    const errors = this.toasts.filter({ has: this.page.locator(".codicon-error") });
    return (await errors.locator(".notification-list-item-message").allInnerTexts()).map((one) => one.trim());
  }

  async press(text, button) {
    const { toast } = await this.waitFor(text);
    await toast
      .locator(".notification-list-item-buttons-container .monaco-button", { hasText: button })
      .first()
      .click();
  }

  /** Presses a button of a modal dialog, whose message and detail it returns. */
  async answerDialog(button) {
    await this.dialog.waitFor();
    const text = (await this.dialog.locator(".dialog-message-container").innerText()).trim();
    await this.dialog.locator(".dialog-buttons .monaco-button", { hasText: button }).first().click();
    await this.dialog.waitFor({ state: "hidden" });
    return text;
  }

  /** Closes every toast that is open. */
  async clear() {
    await insist(async (timeout) => {
      while ((await this.toasts.count()) > 0) {
        const toast = this.toasts.first(); // which may go by itself at any moment
        await toast.hover({ timeout });
        await toast.locator(".codicon-notifications-clear").first().click({ timeout });
        await this.page.waitForTimeout(100);
      }
    });
  }

  async #severity(toast) {
    for (const severity of ["error", "warning", "info"]) {
      if ((await toast.locator(`.notification-list-item-icon.codicon-${severity}`).count()) > 0) return severity;
    }
    return "unknown";
  }
}
