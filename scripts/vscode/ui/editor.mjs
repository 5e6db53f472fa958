/** The active text editor. */
import path from "node:path";
import { insist } from "./attempts.mjs";
import { plainBlanks } from "./text.mjs";

export class Editor {
  constructor(page, quickInput) {
    this.page = page;
    this.quickInput = quickInput;
    this.root = page.locator(".editor-group-container.active .monaco-editor").first();
  }

  /** Opens a file of the workspace through Quick Open; resolves when its editor has the focus. */
  async open(name) {
    await insist(async (timeout) => {
      await this.page.keyboard.press("Control+P");
      await this.quickInput.waitOpen(undefined, { timeout });
    });
    await this.quickInput.type(name);
    await this.page
      .locator(".quick-input-list .monaco-list-row", { hasText: path.basename(name) })
      .first()
      .waitFor();
    await this.quickInput.accept();
    await this.quickInput.waitClosed();
    await this.tab(path.basename(name)).waitFor();
    await this.focused();
  }

  tab(name) {
    return this.page.locator(`.tab.active[data-resource-name="${name}"]`);
  }

  focused() {
    return this.page.locator(".editor-group-container.active .monaco-editor.focused").waitFor();
  }

  async gotoLine(line, column = 1) {
    await this.page.keyboard.press("Control+G");
    await this.quickInput.type(`:${line}:${column}`);
    await this.quickInput.accept();
    await this.quickInput.waitClosed();
    await this.focused();
  }

  async save() {
    await this.page.keyboard.press("Control+S");
    await this.page.locator(".tab.active:not(.dirty)").waitFor();
  }

  /** The lines in view. */
  async lines() {
    const lines = await this.root.locator(".view-lines .view-line").evaluateAll((all) =>
      all
        .map((line) => [line.getBoundingClientRect().top, line.textContent])
        .sort((a, b) => a[0] - b[0])
        .map(([, text]) => text),
    );
    return lines.map(plainBlanks);
  }

  /** Code lenses in view, as text. */
  async lenses() {
    return (await this.root.locator(".codelens-decoration a").allInnerTexts()).map(plainBlanks);
  }

  /**
   * Rests the pointer on a text in view and returns the hover's text.
   *
   * @param {string} line Text that the wanted line contains.
   * @param {string} target The part of that line to point at.
   */
  async hover(line, target) {
    const hover = this.page
      .locator(".monaco-resizable-hover .monaco-hover-content, .monaco-editor .monaco-hover .monaco-hover-content")
      .filter({ hasText: /\S/, hasNotText: /^\s*Loading/, visible: true })
      .first();
    await this.page.keyboard.press("Escape");
    try {
      // Pointed at again: a line may be drawn anew (and coloured) while it is looked at, and a language server may not
      // be ready for its first question.
      const text = await insist(async (timeout) => {
        const point = await this.#pointOf(line, target, timeout);
        await this.page.mouse.move(point.x - 60, point.y + 120);
        await this.page.mouse.move(point.x, point.y, { steps: 4 });
        return hover.innerText({ timeout });
      });
      return plainBlanks(text).trim();
    } catch (error) {
      throw new Error(`no hover over ${target} in "${line}"`, { cause: error });
    }
  }

  async #pointOf(line, target, timeout) {
    const row = this.root.locator(".view-lines .view-line", { hasText: new RegExp(patternOf(line)) }).first();
    await row.waitFor({ timeout });
    const point = await row.evaluate(
      (element, wanted) => {
        const blanks = (text) => text.replace(/\u00a0/g, " ");
        const start = blanks(element.textContent).indexOf(wanted);
        if (start < 0) return null;
        // The middle character of the target, found across the spans that colour the line.
        let offset = start + Math.floor(wanted.length / 2);
        const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          if (offset < node.length) {
            const range = document.createRange();
            range.setStart(node, offset);
            range.setEnd(node, offset + 1);
            const box = range.getBoundingClientRect();
            return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
          }
          offset -= node.length;
        }
        return null;
      },
      target,
      { timeout },
    );
    if (!point) throw new Error(`"${target}" is not in the line "${line}"`);
    return point;
  }
}

/** A pattern for a line's text in which a blank matches the no-break space that the editor draws. */
function patternOf(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ /g, "[ \\u00a0]");
}
