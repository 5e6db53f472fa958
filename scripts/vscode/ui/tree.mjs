/** One tree view (a pane of the side bar). Trees are virtualised: only visible rows are in the page. */
import { PATIENCE_MS, insist } from "./attempts.mjs";
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
  async waitFor(label, { timeout = PATIENCE_MS } = {}) {
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
    return insist(async (timeout) => {
      const row = await this.waitFor(label, { timeout });
      // Looked at again each time: the row may be drawn anew, or be expanded by the attempt before.
      const isExpanded = async () => (await row.getAttribute("aria-expanded", { timeout })) === "true";
      if (await isExpanded()) return row;
      await row.locator(".monaco-tl-twistie").click({ timeout });
      for (const deadline = Date.now() + timeout; !(await isExpanded());) {
        if (Date.now() > deadline) throw new Error(`row ${label} in view ${this.title} was not expanded`);
        await this.page.waitForTimeout(50);
      }
      return row;
    });
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

  /** The hover that is shown, unless it is still waiting for its text. */
  get shownHover() {
    return this.page
      .locator(".workbench-hover")
      .filter({ hasText: /\S/, hasNotText: /^\s*Loading/ })
      .last();
  }

  /** Rests the pointer on a row and returns the text of its hover. */
  async hover(label) {
    const text = await insist(async (timeout) => {
      const row = await this.waitFor(label, { timeout });
      // Away first: an open hover of another row would be read instead, and one that the row lost when it was drawn
      // anew only comes back to a pointer that comes back.
      await this.page.mouse.move(2, 2);
      await this.page.locator(".workbench-hover").last().waitFor({ state: "hidden", timeout });
      await row.locator(".label-name").hover({ timeout });
      return this.shownHover.innerText({ timeout }); // a row may ask for its text only now
    });
    return text.trim();
  }

  /** Chooses an item of a row's context menu. */
  async contextMenu(label, item) {
    const menu = this.page.locator(".monaco-menu");
    const entry = menu.locator(".action-label", { hasText: item }).first();
    await insist(async (timeout) => {
      if ((await menu.count()) > 0) await this.page.keyboard.press("Escape");
      await (await this.waitFor(label, { timeout })).locator(".label-name").click({ button: "right", timeout });
      await entry.waitFor({ timeout });
      await this.page.waitForTimeout(300); // a menu ignores the button's release right after it opened
      await entry.click({ timeout });
    });
    await menu.waitFor({ state: "hidden" });
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
