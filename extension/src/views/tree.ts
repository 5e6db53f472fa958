import type { CancellationToken, TreeDataProvider, TreeItem } from "vscode";
import { EventEmitter } from "vscode";
import { DisposableBag } from "../util/disposable";

/** A row of a tree. It is the same object as long as it stands for the same thing, however its facts change. */
export interface TreeNode {
  /** Unique in its tree, and the same after a reload: VS Code keeps selection and expansion by it. */
  readonly id: string;
  /** The row above; undefined at the top. */
  readonly parent: TreeNode | undefined;
  /** How the row looks now. */
  item(): TreeItem;
  /** The rows below. */
  children(): Promise<TreeNode[]>;
  /** What is only fetched when the mouse rests on the row. */
  resolve?(item: TreeItem, token: CancellationToken): Promise<TreeItem>;
}

/** A tree whose rows know how they look; subclasses say which rows are at the top. */
export abstract class TreeProvider extends DisposableBag implements TreeDataProvider<TreeNode> {
  private readonly changed = this.track(new EventEmitter<TreeNode | undefined>());

  readonly onDidChangeTreeData = this.changed.event;

  private readonly known = new Map<string, TreeNode>();

  getTreeItem(node: TreeNode): TreeItem {
    return node.item();
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    return node === undefined ? this.roots() : node.children();
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async resolveTreeItem(item: TreeItem, node: TreeNode, token: CancellationToken): Promise<TreeItem> {
    return node.resolve === undefined ? item : node.resolve(item, token);
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
