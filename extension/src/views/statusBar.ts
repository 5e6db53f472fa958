import type { StatusBarItem } from "vscode";
import { MarkdownString, StatusBarAlignment, ThemeColor, window } from "vscode";
import { checkOf, errorsOf, sentence } from "../model/checks";
import { count, escaped, words } from "../model/format";
import { stepCount } from "../model/runs";
import type { ExtensionStatus } from "../model/serverStatus";
import { originWords } from "../model/stacks";
import type { FindingView } from "../protocol";
import type { Stores } from "../stores/stores";
import { DisposableBag } from "../util/disposable";

/** How many running runs the tooltip names. */
const MAX_NAMED_RUNS = 5;

/** The status bar item: the active stack, running runs, or what is wrong. */
export class ActiveStackStatusBar extends DisposableBag {
  private readonly item: StatusBarItem;

  constructor(
    private readonly stores: Stores,
    private readonly status: () => ExtensionStatus,
  ) {
    super();
    this.item = this.track(window.createStatusBarItem("stackyard.activeStack", StatusBarAlignment.Left, 61));
    this.item.name = "Stackyard: Active Stack";
    const draw = (): void => {
      this.draw();
    };
    for (const store of [stores.stacks, stores.checks, stores.runs]) this.track(store.onDidChange(draw));
  }

  /** Draws the item as things stand now. */
  draw(): void {
    const status = this.status();
    if (status.serves) this.drawStack(status);
    else this.drawStatus(status);
  }

  /** The item is not shown before Stackyard is needed in this window. */
  show(): void {
    this.draw();
    this.item.show();
  }

  /** What the item shows, for tests. */
  text(): string {
    return this.item.text;
  }

  private drawStack(status: ExtensionStatus): void {
    const active = this.stores.stacks.peek()?.active;
    const running = this.stores.runs.running().length;
    const isGone = active !== undefined && active.error !== null;
    const isWrong = isGone || this.errors().length > 0 || status.kind !== "ready";
    const name = active?.name ?? "Stackyard";
    const runningText = running === 0 ? "" : ` $(sync~spin) ${running}`;
    this.item.text = `$(layers) ${name}${runningText}${isWrong ? " $(warning)" : ""}`;
    this.item.command = "stackyard.stack.switch";
    this.item.backgroundColor = isGone ? new ThemeColor("statusBarItem.warningBackground") : undefined;
    this.item.tooltip = this.tooltip(status);
    const runs = running === 0 ? "" : `, ${count(running, "run")} running`;
    this.item.accessibilityInformation = { label: `Active stack ${name}${runs}. Switch stack`, role: "button" };
  }

  private drawStatus(status: ExtensionStatus): void {
    const isStarting = status.kind === "starting";
    this.item.text = isStarting ? "$(loading~spin) Stackyard" : "$(error) Stackyard";
    this.item.command = isStarting
      ? "stackyard.server.showLog"
      : (status.remedy?.command ?? "stackyard.server.showLog");
    this.item.backgroundColor = isStarting ? undefined : new ThemeColor("statusBarItem.errorBackground");
    const text = new MarkdownString(escaped(isStarting ? "Stackyard's server is starting." : status.problem));
    if (status.hint !== "") text.appendMarkdown(`\n\n${escaped(status.hint)}`);
    if (status.remedy !== undefined) text.appendMarkdown(`\n\nClick: ${status.remedy.title}`);
    this.item.tooltip = text;
    this.item.accessibilityInformation = {
      label: `Stackyard: ${isStarting ? "starting" : status.problem}`,
      role: "button",
    };
  }

  private tooltip(status: ExtensionStatus): MarkdownString {
    const text = new MarkdownString("", true);
    const active = this.stores.stacks.peek()?.active;
    if (active === undefined) return text.appendMarkdown("Reading the active stack…");
    text.appendMarkdown(`**Stack ${escaped(active.name)}** — ${originWords(active.origin)}\n\n`);
    if (active.error !== null) text.appendMarkdown(`$(warning) ${escaped(active.error.message)}\n\n`);
    for (const component of active.stack?.components ?? []) {
      const which = escaped(`${component.name} (${component.flavor})`);
      text.appendMarkdown(`- ${words(component.component_type)}: ${which}\n`);
    }
    for (const error of this.errors()) text.appendMarkdown(`\n\n$(warning) ${escaped(sentence(error))}`);
    this.appendRuns(text);
    if (status.problem !== "") {
      const remedy = status.remedy === undefined ? "" : ` [${status.remedy.title}](command:${status.remedy.command})`;
      text.appendMarkdown(`\n\n$(warning) ${escaped(`${status.problem} ${status.hint}`)}${remedy}`);
      text.isTrusted = { enabledCommands: status.remedy === undefined ? [] : [status.remedy.command] };
    }
    return text.appendMarkdown("\n\nClick to switch the stack.");
  }

  /** What keeps the active stack from being used. */
  private errors(): FindingView[] {
    const id = this.stores.stacks.peek()?.active.id ?? "";
    return errorsOf(checkOf(this.stores.checks.peek(), id));
  }

  private appendRuns(text: MarkdownString): void {
    const running = this.stores.runs.running();
    if (running.length === 0) return;
    text.appendMarkdown(`\n\n${count(running.length, "run")} running:\n\n`);
    for (const run of running.slice(0, MAX_NAMED_RUNS)) {
      text.appendMarkdown(`- ${escaped(run.name)} ${run.n_steps === 0 ? "" : stepCount(run)}\n`);
    }
  }
}
