/**
 * The workbench of a real VS Code in a headless browser, driven as a user drives it.
 *
 *   const workbench = await launchWorkbench({ folder, vsix, env: { STACKYARD_HOME: home } });
 *   await workbench.runCommand('Stackyard: Switch Stack');
 *   await workbench.quickInput.choose('default');
 *   await workbench.close();
 */
import { startBrowser } from "./browser.mjs";
import { changeSettings, installVsix, makeProfile, removeProfile, startServer } from "./server.mjs";
import { Editor } from "./ui/editor.mjs";
import { Notifications } from "./ui/notifications.mjs";
import { QuickInput } from "./ui/quick-input.mjs";
import { plainBlanks, regexEscape } from "./ui/text.mjs";
import { TreePane } from "./ui/tree.mjs";

/** Against hanging only: how long a window takes to open is the machine's affair. */
const OPENING_MS = 240_000;

/**
 * Makes a throw-away profile, installs the extension, starts server and browser, opens the folder.
 *
 * @param {object} options
 * @param {string} options.folder The workspace folder.
 * @param {string} [options.vsix] Installed before the start.
 * @param {Record<string, string>} [options.env] For the server, hence for extensions and terminals.
 * @param {Record<string, unknown>} [options.settings] User settings.
 * @param {'dark' | 'light'} [options.theme]
 * @param {boolean} [options.trust] Workspace trust on: VS Code asks before it trusts the folder.
 */
export async function launchWorkbench({ folder, vsix, env, settings, theme, trust = false }) {
  const profile = makeProfile({ settings, theme });
  let server;
  let browser;
  try {
    if (vsix) await installVsix(profile, vsix);
    server = await startServer(profile, { trust, env });
    browser = await startBrowser(profile);
    const workbench = new Workbench({ profile, server, browser, folder });
    await workbench.open();
    return workbench;
  } catch (error) {
    await browser?.close();
    await server?.stop();
    if (!server) removeProfile(profile);
    throw error;
  }
}

export class Workbench {
  constructor({ profile, server, browser, folder }) {
    this.profile = profile;
    this.server = server;
    this.browser = browser;
    this.folder = folder;
    this.page = browser.page;
    this.quickInput = new QuickInput(this.page);
    this.notifications = new Notifications(this.page);
    this.editor = new Editor(this.page, this.quickInput);
  }

  /** Opens (or opens again) a folder; resolves when the workbench is drawn. */
  async open(folder = this.folder, { payload = {}, timeout = OPENING_MS } = {}) {
    this.folder = folder;
    await this.page.goto(this.server.address(folder, payload), { waitUntil: "domcontentloaded", timeout });
    await this.page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout });
  }

  /** Reloads the window, as the command of that name does. */
  async reload() {
    await this.open();
  }

  /** Opens the palette; presses again, as a person would, when the workbench was too busy to take the key. */
  async openPalette() {
    for (let tries = 1; ; tries += 1) {
      await this.page.keyboard.press("F1");
      try {
        await this.quickInput.waitOpen(undefined, { timeout: 8_000 });
        return;
      } catch (error) {
        if (tries === 4) throw error;
      }
    }
  }

  /** Runs a command from the palette by its full title, as `Category: Title`. */
  async runCommand(title) {
    await this.openPalette();
    await this.quickInput.input.fill(`>${title}`);
    const name = this.page.locator(".quick-input-list .monaco-list-row .label-name", {
      hasText: new RegExp(`^${regexEscape(title)}$`),
    });
    await name.first().waitFor();
    // Enter where it does: a click would leave the pointer over what the command opens, whose hover then shows.
    const focused = this.page.locator(".quick-input-list .monaco-list-row.focused .label-name").first();
    if ((await focused.textContent())?.trim() === title) await this.quickInput.accept();
    else await name.first().click();
  }

  /** Titles that the palette offers for a text. */
  async paletteTitles(text) {
    await this.openPalette();
    await this.quickInput.type(`>${text}`);
    await this.page.waitForTimeout(500); // the palette filters after a pause in typing
    const titles = (await this.quickInput.rows()).map((row) => row.label);
    await this.quickInput.cancel();
    await this.quickInput.waitClosed();
    return titles;
  }

  /** Shows a view container of the activity bar. */
  async openContainer(name) {
    const item = this.page.locator(`.part.activitybar .action-item:has(a[aria-label^="${name}"])`);
    await item.waitFor();
    if (!(await item.getAttribute("class")).split(" ").includes("checked")) await item.click();
    await this.page.locator(".part.sidebar .composite.title", { hasText: new RegExp(name, "i") }).waitFor();
  }

  /** Drags the side bar to a width in pixels. */
  async widenSideBar(width) {
    const box = await this.page.locator(".part.sidebar").boundingBox();
    await this.page.mouse.move(box.x + box.width, box.y + box.height / 3);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + width, box.y + box.height / 3, { steps: 8 });
    await this.page.mouse.up();
  }

  /** A tree view of the open container, by its title. */
  tree(title) {
    return new TreePane(this.page, title);
  }

  statusItem(id) {
    return this.page.locator(`.part.statusbar [id="${id}"]`);
  }

  async statusText(id) {
    const item = this.statusItem(id);
    await item.waitFor();
    return plainBlanks(await item.innerText()).trim();
  }

  /** What a status bar item says to screen readers: its text and its tooltip. */
  statusAria(id) {
    return this.statusItem(id).locator("a").first().getAttribute("aria-label");
  }

  /** The content that an extension gave the n-th webview: a frame in a frame. */
  webview(n = 0) {
    return this.page.frameLocator("iframe.webview").nth(n).frameLocator("iframe#active-frame");
  }

  /** Opens a terminal and waits for its prompt. */
  async openTerminal() {
    await this.runCommand("Terminal: Create New Terminal");
    await this.page
      .locator(".terminal-wrapper.active .xterm-rows", { hasText: /[#$%>]/ })
      .first()
      .waitFor();
  }

  async typeInTerminal(line) {
    await this.page.locator(".terminal-wrapper.active .xterm-helper-textarea").first().focus();
    await this.page.keyboard.type(`${line}\n`);
  }

  async terminalText() {
    return plainBlanks(await this.page.locator(".terminal-wrapper.active .xterm-rows").first().innerText());
  }

  /** The text of the output channel that the panel shows. */
  async outputText() {
    const lines = this.page.locator(".output-view .view-line, .panel .monaco-editor .view-line");
    return (await lines.allInnerTexts()).map(plainBlanks).join("\n");
  }

  changeSettings(changes) {
    changeSettings(this.profile, changes);
  }

  async screenshot(file) {
    await this.page.screenshot({ path: file });
  }

  /** Ends browser and server; the profile stays if asked, for its logs. */
  async close({ keepProfile = false } = {}) {
    await this.browser.close();
    await this.server.stop();
    if (!keepProfile) removeProfile(this.profile);
  }
}
