import type { CancellationToken, ThemeIcon } from "vscode";
import { MarkdownString, TreeItem, TreeItemCollapsibleState } from "vscode";
import type { StackyardApi } from "../api";
import { checkOf, errorsOf } from "../model/checks";
import { dotted, words } from "../model/format";
import type { Setting } from "../model/stacks";
import { settingsOf, stackDescription } from "../model/stacks";
import type { CheckView, ComponentView, StackCheckResult, StackListResult, StackView } from "../protocol";
import type { Cached } from "../stores/cached";
import { ExpectedError } from "../util/errors";
import { componentIcon, icon } from "./icons";
import { LeafNode, ProblemNode, call } from "./rows";
import { type TreeNode, TreeProvider } from "./tree";

/** A stack; a click makes it the active one. */
export class StackNode implements TreeNode {
  readonly id: string;

  readonly parent = undefined;

  /** What is wrong with it, if anything is. */
  check: CheckView | undefined;

  constructor(
    public stack: StackView,
    private readonly api: StackyardApi,
  ) {
    this.id = `stack:${stack.id}`;
  }

  get told(): unknown {
    const { components, ...own } = this.stack;
    return [own, components.map(lookOf), this.check];
  }

  get below(): NonNullable<TreeNode["below"]> {
    const { components } = this.stack;
    return { look: components.map(lookOf), told: components };
  }

  item(): TreeItem {
    const { stack } = this;
    const item = new TreeItem(stack.name, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    item.description = stackDescription(stack);
    const isBroken = errorsOf(this.check).length > 0;
    item.iconPath = isBroken ? icon("warning", "problemsWarningIcon.foreground") : stackIcon(stack);
    item.contextValue = stack.active ? "stack.active" : "stack.inactive";
    item.command = call("stackyard.stack.switch", "Switch to This Stack", this);
    const label = stack.active ? `${stack.name}, ${item.description}` : `${stack.name}, not active`;
    item.accessibilityInformation = { label: `Stack ${label}${isBroken ? ", can't be used as it is" : ""}` };
    return item;
  }

  async children(): Promise<TreeNode[]> {
    return Promise.resolve(this.stack.components.map((component) => new ComponentNode(component, this, this.api)));
  }

  async resolve(item: TreeItem, token: CancellationToken): Promise<TreeItem> {
    item.tooltip = hover((await this.api.describeStack(this.stack.id, token)).markdown);
    return item;
  }
}

/** A component of a stack; its tooltip is the hover of Python and YAML. */
export class ComponentNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly component: ComponentView,
    readonly parent: StackNode,
    private readonly api: StackyardApi,
  ) {
    this.id = `${parent.id}/${component.component_type}`;
  }

  item(): TreeItem {
    const { component } = this;
    const hasSettings = settingsOf(component).length > 0;
    const item = new TreeItem(
      component.name,
      hasSettings ? TreeItemCollapsibleState.Collapsed : TreeItemCollapsibleState.None,
    );
    item.id = this.id;
    item.description = dotted(words(component.component_type), component.flavor);
    item.iconPath = componentIcon(component.component_type);
    const label = `${words(component.component_type)} ${component.name}, flavor ${component.flavor}`;
    item.accessibilityInformation = { label };
    item.contextValue = "component";
    return item;
  }

  async children(): Promise<TreeNode[]> {
    return Promise.resolve(settingsOf(this.component).map((setting) => new SettingNode(setting, this)));
  }

  async resolve(item: TreeItem, token: CancellationToken): Promise<TreeItem> {
    const { component_type, id } = this.component;
    item.tooltip = hover((await this.api.describeComponent({ component_type, component: id }, token)).markdown);
    return item;
  }
}

/** A setting of a component. */
export class SettingNode extends LeafNode {
  constructor(
    readonly setting: Setting,
    parent: ComponentNode,
  ) {
    super(`${parent.id}/${setting.key}`, parent);
  }

  item(): TreeItem {
    const item = new TreeItem(this.setting.key, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = this.setting.value;
    item.iconPath = icon("symbol-field");
    item.tooltip = `${this.setting.key}: ${this.setting.value}`;
    item.contextValue = "setting";
    return item;
  }
}

/** Stacks, the active one first. */
export class StacksTree extends TreeProvider {
  constructor(
    private readonly stacks: Cached<StackListResult>,
    private readonly checks: Cached<StackCheckResult>,
    private readonly api: StackyardApi,
    private readonly serves: () => boolean,
  ) {
    super();
    for (const store of [stacks, checks]) {
      this.track(
        store.onDidChange(() => {
          void this.redrawChanged();
        }),
      );
    }
  }

  protected async roots(): Promise<TreeNode[]> {
    if (!this.serves() && this.stacks.peek() === undefined) return [];
    try {
      const { items, active } = await this.stacks.get();
      const nodes = items.map((stack) => this.node(stack));
      if (active.error === null) return nodes;
      const gone = new ExpectedError(active.error.message, active.error.hint);
      return [new ProblemNode(undefined, gone, call("stackyard.stack.switch", "Switch Stack")), ...nodes];
    } catch (error) {
      return [new ProblemNode(undefined, error)];
    }
  }

  private node(stack: StackView): StackNode {
    const node = this.reuse(
      `stack:${stack.id}`,
      () => new StackNode(stack, this.api),
      (node) => {
        node.stack = stack;
      },
    );
    node.check = checkOf(this.checks.peek(), stack.id);
    return node;
  }
}

/** What the rows of a component and of its settings are drawn from. */
function lookOf({ id, name, component_type, flavor, configuration }: ComponentView): unknown {
  return [id, name, component_type, flavor, configuration];
}

function stackIcon(stack: StackView): ThemeIcon {
  return stack.active ? icon("pass-filled", "testing.iconPassed") : icon("layers");
}

function hover(markdown: string): MarkdownString {
  const text = new MarkdownString(markdown, true);
  text.isTrusted = false;
  return text;
}
