import type { CancellationToken, TreeDataProvider, TreeItem } from "vscode";
import { EventEmitter, MarkdownString } from "vscode";
import { DisposableBag } from "../util/disposable";
import { CancelledError, fullMessage } from "../util/errors";

/** How long the text of a hover is read. Nobody tells when a hover is gone. */
const READING_MS = 10_000;

/** A row of a tree. It is the same object as long as it stands for the same thing, however its facts change. */
export interface TreeNode {
  /** Unique in its tree, and the same after a reload: VS Code keeps selection and expansion by it. */
  readonly id: string;
  /** The row above; undefined at the top. */
  readonly parent: TreeNode | undefined;
  /** What the row and those below it are drawn from, as JSON values; without them it is drawn at every change. */
  readonly facts?: unknown;
  /** How the row looks now. */
  item(): TreeItem;
  /** The rows below. */
  children(): Promise<TreeNode[]>;
  /** What is only fetched when the mouse rests on the row. */
  resolve?(item: TreeItem, token: CancellationToken): Promise<TreeItem>;
}

/** What rows are drawn from, by id and in their order; undefined for those that don't say. */
type Facts = ReadonlyMap<string, string | undefined>;

/**
 * A tree whose rows know how they look; subclasses say which rows are at the top.
 *
 * A row that is drawn again loses its hover, which only comes back when the pointer leaves the row and returns. So rows
 * are drawn again when they have something new to say, and where only time has passed not while they are read.
 */
export abstract class TreeProvider extends DisposableBag implements TreeDataProvider<TreeNode> {
  private readonly changed = this.track(new EventEmitter<TreeNode | undefined>());

  readonly onDidChangeTreeData = this.changed.event;

  private readonly known = new Map<string, TreeNode>();

  /** Of the rows at the top, when they were last asked for. */
  private shown: Facts = new Map();

  private hovered: { readonly node: TreeNode; readonly since: number } | undefined;

  getTreeItem(node: TreeNode): TreeItem {
    return node.item();
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node !== undefined) return node.children();
    const roots = await this.roots();
    this.shown = factsOf(roots);
    return roots;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async resolveTreeItem(item: TreeItem, node: TreeNode, token: CancellationToken): Promise<TreeItem> {
    this.hovered = { node, since: Date.now() };
    if (node.resolve === undefined) return item;
    try {
      return await node.resolve(item, token);
    } catch (error) {
      // Thrown on, it would leave the hover at "Loading...".
      if (!CancelledError.is(error)) item.tooltip = new MarkdownString().appendText(fullMessage(error));
      return item;
    }
  }

  /** Draws the whole tree again: what it may show has changed, not its data. */
  redrawAll(): void {
    this.redraw();
  }

  /** The rows at the top. */
  protected abstract roots(): Promise<TreeNode[]>;

  /** Draws a row and what is below again, or the whole tree. */
  protected redraw(node?: TreeNode): void {
    if (!this.isDisposed()) this.changed.fire(node);
  }

  /** Draws the rows again that have something new to say; the whole tree when rows came, went or moved. */
  protected async redrawChanged(): Promise<void> {
    const before = this.shown;
    const roots = await this.roots();
    const now = factsOf(roots);
    const changed = roots.filter(({ id }) => now.get(id) === undefined || now.get(id) !== before.get(id));
    const isSameList = [...before.keys()].join("\n") === roots.map(({ id }) => id).join("\n");
    this.shown = now;
    // VS Code knows rows by their objects: one made anew is a stranger to it.
    if (!isSameList || changed.some((node) => this.known.get(node.id) !== node)) this.redraw();
    else for (const node of changed) this.redraw(node);
  }

  /** Tells whether somebody may be reading the hover of this row or of one below it; without one, of any row. */
  protected isRead(node?: TreeNode): boolean {
    if (this.hovered === undefined || Date.now() - this.hovered.since > READING_MS) return false;
    let row: TreeNode | undefined = this.hovered.node;
    while (node !== undefined && row !== undefined && row !== node) row = row.parent;
    return row !== undefined;
  }

  /** The row with an id, made if there is none yet; a row that stays gets its new facts by `update`. */
  protected reuse<N extends TreeNode>(id: string, make: () => N, update: (node: N) => void): N {
    const known = this.known.get(id) as N | undefined;
    if (known !== undefined) {
      update(known);
      return known;
    }
    const made = make();
    this.known.set(id, made);
    return made;
  }

  /** Forgets rows that are not shown any more. */
  protected forget(isGone: (node: TreeNode) => boolean): void {
    for (const [id, node] of this.known) if (isGone(node)) this.known.delete(id);
  }
}

function factsOf(nodes: readonly TreeNode[]): Facts {
  return new Map(nodes.map(({ id, facts }) => [id, JSON.stringify(facts)]));
}
