/** One tree view (a pane of the side bar). Trees are virtualised: only visible rows are in the page. */
import { regexEscape } from "./text.mjs";

export class TreePane {
  /** @param title The view's title, as its header shows it. */
  constructor(page, title) {
    this.page = page;
    this.title = title;
    const header = page.locator(".pane-header h3.title", { hasText: new RegExp(`(^|: )${regexEscape(title)}$`, "i") });
    this.pane = page.locator(".split-view-view .pane", { has: header });
    this.header = this.pane.locator(".pane-header");
  }

  /** Unfolds the pane itself. */
  async open() {
    await this.header.waitFor();
    if ((await this.header.getAttribute("aria-expanded")) === "false") await this.header.click();
    await this.pane.locator(".pane-body").waitFor({ state: "visible" });
  }

  /** Folds the pane, which leaves its room to the others. */
  async close() {
    await this.header.waitFor();
    if ((await this.header.getAttribute("aria-expanded")) === "true") await this.header.click();
  }

  /** The visible rows, top to bottom. */
  async rows() {
    const rows = await this.pane.locator(".monaco-list-row").evaluateAll((elements) =>
      elements.map((row) => ({
        index: Number(row.dataset.index),
        level: Number(row.getAttribute("aria-level")),
        expanded: row.getAttribute("aria-expanded"),
        selected: row.getAttribute("aria-selected") === "true",
        label: row.querySelector(".label-name")?.textContent ?? "",
        description: row.querySelector(".label-description")?.textContent ?? "",
        aria: row.getAttribute("aria-label") ?? "",
        icon:
          [...(row.querySelector(".custom-view-tree-node-item-icon")?.classList ?? [])]
            .find((name) => name.startsWith("codicon-"))
            ?.slice("codicon-".length) ?? "",
      })),
    );
    return rows.sort((a, b) => a.index - b.index);
  }

  /** The rows as indented text: what a failure message shows. */
  async text() {
    return (await this.rows())
      .map((row) => `${"  ".repeat(row.level - 1)}${row.label}${row.description ? ` (${row.description})` : ""}`)
      .join("\n");
  }

  /** The first row with exactly this label (or matching a RegExp). */
  row(label) {
    const exact = label instanceof RegExp ? label : new RegExp(`^\\s*${regexEscape(label)}\\s*$`);
    return this.pane.locator(".monaco-list-row", { has: this.page.locator(".label-name", { hasText: exact }) }).first();
  }

  /** The rows below a row, at any depth, as far as they are expanded. */
  async below(label) {
    const rows = await this.rows();
    const start = rows.findIndex((row) => row.label === label);
    if (start < 0) return [];
    const rest = rows.slice(start + 1);
    const end = rest.findIndex((row) => row.level <= rows[start].level);
    return end < 0 ? rest : rest.slice(0, end);
  }

  /**
   * Waits for a row.
   *
   * @param {string | RegExp | [string, string]} label A label, or a parent's label and that of a row below it.
   */
  async waitFor(label, { timeout = 30_000 } = {}) {
    try {
      if (!Array.isArray(label)) {
        await this.row(label).waitFor({ timeout });
        return this.row(label);
      }
      for (const deadline = Date.now() + timeout; ;) {
        const found = (await this.below(label[0])).find((row) => row.label === label[1]);
        if (found) return this.pane.locator(`.monaco-list-row[data-index="${found.index}"]`);
        if (Date.now() > deadline) throw new Error(`not within ${timeout} ms`);
        await this.page.waitForTimeout(50);
      }
    } catch (error) {
      throw new Error(`no row ${label} in view ${this.title}; it shows:\n${await this.text()}`, { cause: error });
    }
  }

  async expand(label) {
    const row = await this.waitFor(label);
    if ((await row.getAttribute("aria-expanded")) === "false") {
      await row.locator(".monaco-tl-twistie").click();
      await this.page.waitForFunction(
        (element) => element.getAttribute("aria-expanded") === "true",
        await row.elementHandle(),
      );
    }
    return row;
  }

  async click(label) {
    await (await this.waitFor(label)).locator(".label-name").click();
  }

  /** The labels of the actions that a row shows when the pointer is on it. */
  async inlineActions(label) {
    const row = await this.waitFor(label);
    await row.hover();
    return row.locator(".actions .action-label").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  }

  async clickInlineAction(label, action) {
    const row = await this.waitFor(label);
    await row.hover();
    await row.locator(`.actions .action-label[aria-label^="${action}"]`).click();
  }

  /** Rests the pointer on a row and returns the text of its hover. */
  async hover(label) {
    const row = await this.waitFor(label);
    await this.page.mouse.move(2, 2); // an open hover of another row would be read instead
    await this.page.locator(".workbench-hover").waitFor({ state: "hidden" });
    await row.locator(".label-name").hover();
    const hover = this.page.locator(".workbench-hover").last();
    await hover.filter({ hasText: /\S/, hasNotText: /^Loading/ }).waitFor(); // a row may ask for its text only now
    return (await hover.innerText()).trim();
  }

  /** Chooses an item of a row's context menu. */
  async contextMenu(label, item) {
    await (await this.waitFor(label)).locator(".label-name").click({ button: "right" });
    const entry = this.page.locator(".monaco-menu .action-label", { hasText: item }).first();
    await entry.waitFor();
    await this.page.waitForTimeout(300); // a menu ignores the button's release right after it opened
    await entry.click();
    await this.page.locator(".monaco-menu").waitFor({ state: "hidden" });
  }

  /** The text that an empty view shows, and the titles of its buttons. */
  async welcome() {
    const content = this.pane.locator(".welcome-view-content");
    await content.waitFor();
    return {
      text: (await content.locator("p").allInnerTexts()).join("\n"),
      buttons: await content.locator(".monaco-button").allInnerTexts(),
    };
  }

  async clickWelcomeButton(title) {
    await this.pane.locator(".welcome-view-content .monaco-button", { hasText: title }).click();
  }

  /** Presses a button of the view's title bar. */
  async clickTitleAction(title) {
    await this.header.hover();
    await this.header.locator(`.action-label[aria-label^="${title}"]`).click();
  }
}
