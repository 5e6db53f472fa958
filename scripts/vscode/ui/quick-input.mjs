/** The quick pick and the input box: the widget at the top of the workbench. */

export class QuickInput {
  constructor(page) {
    this.page = page;
    this.widget = page.locator(".quick-input-widget");
    this.input = this.widget.locator(".quick-input-filter input.input, .quick-input-filter textarea").first();
    this.list = this.widget.locator(".quick-input-list");
  }

  async waitOpen(title, { timeout } = {}) {
    await this.widget.waitFor({ state: "visible", timeout });
    if (title) await this.widget.locator(".quick-input-title", { hasText: title }).waitFor();
  }

  async waitClosed() {
    await this.widget.waitFor({ state: "hidden" });
  }

  title() {
    return this.widget.locator(".quick-input-title").innerText();
  }

  placeholder() {
    return this.input.getAttribute("placeholder");
  }

  /** The message under an input box: its prompt, or what is wrong with the value. */
  async message() {
    return (await this.widget.locator(".quick-input-message").innerText()).trim();
  }

  value() {
    return this.input.inputValue();
  }

  /** The visible rows: label, description, detail and whether ticked or focused. */
  async rows() {
    await this.list.locator(".monaco-list-row").first().waitFor();
    return this.list.locator(".monaco-list-row").evaluateAll((elements) =>
      elements
        .map((row) => ({
          top: row.getBoundingClientRect().top,
          label: row.querySelector(".label-name")?.textContent?.trim() ?? "",
          description: row.querySelector(".label-description")?.textContent?.trim() ?? "",
          detail: row.querySelector(".quick-input-list-label-meta")?.textContent?.trim() ?? "",
          separator: row.querySelector(".quick-input-list-separator")?.textContent?.trim() ?? "",
          focused: row.classList.contains("focused"),
        }))
        .sort((a, b) => a.top - b.top)
        .map(({ top: _top, ...row }) => row),
    );
  }

  /** Replaces the text of the box. */
  async type(text) {
    await this.waitOpen();
    await this.input.fill(text);
  }

  async accept() {
    await this.input.press("Enter");
  }

  /** Dismisses it; a command may show its next question at once. */
  async cancel() {
    await this.waitOpen();
    await this.input.press("Escape");
  }

  /** Clicks the first row that contains the text. */
  async choose(text) {
    await this.waitOpen();
    const row = this.list.locator(".monaco-list-row", { hasText: text }).first();
    await row.waitFor();
    await row.click();
  }
}
