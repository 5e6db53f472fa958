import type { CancellationToken, TreeDataProvider, TreeItem } from "vscode";
import { EventEmitter, MarkdownString } from "vscode";
import { escaped } from "../model/format";
import { DisposableBag } from "../util/disposable";
import { CancelledError, fullMessage } from "../util/errors";
import { type Drawn, drawn, looksElse, rowsBelow, tellsElse } from "./drawn";

/** How long the text of a hover is read. Nobody tells when a hover is gone. */
const READING_MS = 10_000;
/** How long a hover may tell what is not the latest, while the pointer may still rest there. */
const STALE_MS = 60_000;
/** How many times as long as it took a row is left as it is, after it was drawn because time passed. */
const PAUSE = 4;
/** How many times as long anything waits for somebody who reads one hover after the other. */
const PATIENCE = 3;

/** A row of a tree. It is the same object as long as it stands for the same thing, however its facts change. */
export interface TreeNode {
  /** Unique in its tree, and the same after a reload: VS Code keeps selection and expansion by it. */
  readonly id: string;
  /** The row above; undefined at the top. */
  readonly parent: TreeNode | undefined;
  /** What the hover tells that is fetched, as JSON values. */
  readonly told?: unknown;
  /** The same of the rows below, and what they look like. */
  readonly below?: { readonly look: unknown; readonly told?: unknown };
  /** How the row looks at a time, in milliseconds since 1970. */
  item(now: number): TreeItem;
  /** The rows below. */
  children(): Promise<TreeNode[]>;
  /** What is only fetched when the mouse rests on the row: once, until the row is drawn again. */
  resolve?(item: TreeItem, token: CancellationToken): Promise<TreeItem>;
}

/**
 * A tree whose rows know how they look; subclasses say which rows are at the top.
 *
 * A row that is drawn again loses its hover, which may only come back when the pointer leaves the row and returns. One
 * row can be drawn by itself; that rows came, went or moved can only be shown by drawing the whole tree. So rows are
 * drawn again at once when they look different, are gone or elsewhere. What is still right, if not the latest, waits
 * while somebody may be reading a hover: rows that came, what hovers tell, time that passes.
 */
export abstract class TreeProvider extends DisposableBag implements TreeDataProvider<TreeNode> {
  private readonly changed = this.track(new EventEmitter<TreeNode | undefined>());

  readonly onDidChangeTreeData = this.changed.event;

  private readonly known = new Map<string, TreeNode>();

  /** The rows at the top by id, in their order, as VS Code has them. */
  private drawn = new Map<string, Drawn>();

  /** The rows at the top that VS Code asked for last, and draws when they are there. */
  private asked: Promise<TreeNode[]> | undefined;

  private hovered: { readonly node: TreeNode; readonly since: number } | undefined;

  /** Rows, by their ids, that are being drawn since a time or have just been, and until when they are left alone. */
  private readonly busy = new Map<string, { readonly since: number | undefined; readonly until: number }>();

  /** What is tried again when nobody reads any more, at the latest at a time. */
  private waiting: { readonly draw: () => void; readonly until: number; readonly timer: NodeJS.Timeout } | undefined;

  getTreeItem(node: TreeNode): TreeItem {
    return node.item(Date.now());
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node === undefined) {
      this.asked = this.drawnRoots();
      return this.asked;
    }
    const children = await node.children();
    const row = this.drawn.get(node.id);
    if (row !== undefined) this.drawn.set(node.id, { ...row, below: rowsBelow(node) });
    const since = this.busy.get(node.id)?.since;
    const now = Date.now();
    if (since !== undefined) this.busy.set(node.id, { since: undefined, until: now + PAUSE * (now - since) });
    return children;
  }

  getParent(node: TreeNode): TreeNode | undefined {
    return node.parent;
  }

  async resolveTreeItem(item: TreeItem, node: TreeNode, token: CancellationToken): Promise<TreeItem> {
    this.startReading(node);
    if (node.resolve === undefined) return item;
    try {
      return await node.resolve(item, token);
    } catch (error) {
      // Thrown on, it would leave the hover at "Loading...".
      if (!CancelledError.is(error)) item.tooltip = new MarkdownString(escaped(fullMessage(error)));
      return item;
    } finally {
      // Only now there is a text to read, unless the pointer did not wait for it.
      if (!token.isCancellationRequested) this.startReading(node);
      else if (this.hovered?.node === node) this.stopReading();
    }
  }

  /** Nobody reads a hover of this tree any more: what waited for that is drawn. */
  stopReading(): void {
    this.hovered = undefined;
    this.waiting?.draw();
  }

  /** The rows below a row are not shown any more. */
  collapsed(node: TreeNode): void {
    const row = this.drawn.get(node.id);
    if (row !== undefined) this.drawn.set(node.id, { look: row.look, told: row.told });
    this.busy.delete(node.id);
  }

  /** Draws what has changed, whoever reads. */
  async catchUp(): Promise<void> {
    this.hovered = undefined;
    await this.redrawChanged();
  }

  override dispose(): void {
    this.forgetWaiting();
    super.dispose();
  }

  /** The rows at the top. */
  protected abstract roots(): Promise<TreeNode[]>;

  /** Draws a row and what is below again, or the whole tree. */
  protected redraw(node?: TreeNode): void {
    if (this.isDisposed()) return;
    if (node === undefined) {
      this.forgetWaiting();
      this.busy.clear();
    }
    if (this.isRead(node, Infinity)) this.hovered = undefined; // its hover closes
    this.changed.fire(node);
  }

  /**
   * Draws a row again because time has passed: not while its hover may be read, and no more often than VS Code can.
   *
   * Where it takes its time, a row would always be being drawn, and no hover of it would ever stay. That it has come to
   * a row is only known if it asks for those below.
   */
  protected redrawAged(node: TreeNode): void {
    const now = Date.now();
    if (this.isRead(node) || now < (this.busy.get(node.id)?.until ?? 0)) return;
    if (this.drawn.get(node.id)?.below !== undefined) this.busy.set(node.id, { since: now, until: now + STALE_MS });
    this.redraw(node);
  }

  /** Draws the whole tree again, once nobody reads a hover of it. */
  protected redrawUnread(): void {
    if (!this.isRead()) this.redraw();
    else
      this.later(READING_MS, () => {
        this.redrawUnread();
      });
  }

  /** Draws what has changed: rows by themselves where that is enough, and now unless it can wait for a reader. */
  protected async redrawChanged(): Promise<void> {
    await this.asked; // drawn twice, the tree would close a hover that opened in between
    const roots = await this.roots();
    const before = this.drawn;
    const stayed = roots.filter(({ id }) => before.has(id));
    const looks = stayed.filter((node) => looksElse(node, before.get(node.id)));
    const isInPlace = [...before.keys()].join("\n") === stayed.map(({ id }) => id).join("\n");
    // VS Code knows rows by their objects: one made anew is a stranger to it, and can only come with the whole tree.
    const hasNew = stayed.length < roots.length || looks.some((node) => !this.isKnown(node));
    if (!isInPlace || (hasNew && !this.isRead())) {
      this.drawn = new Map(roots.map((root) => [root.id, drawn(root)]));
      this.redraw();
      return;
    }
    const tells = stayed.filter((node) => this.isKnown(node) && tellsElse(node, before.get(node.id)));
    const late = tells.filter((node) => !looks.includes(node) && this.isRead(node, STALE_MS));
    for (const node of new Set([...looks, ...tells])) {
      if (!this.isKnown(node) || late.includes(node)) continue;
      before.set(node.id, drawn(node));
      this.redraw(node);
    }
    if (!hasNew && late.length === 0) this.forgetWaiting();
    else
      this.later(hasNew ? READING_MS : STALE_MS, () => {
        void this.redrawChanged();
      });
  }

  /** Tells whether somebody may be reading the hover of this row or of one below it; without one, of any row. */
  protected isRead(node?: TreeNode, withinMs = READING_MS): boolean {
    if (this.hovered === undefined || Date.now() - this.hovered.since > withinMs) return false;
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

  private async drawnRoots(): Promise<TreeNode[]> {
    const roots = await this.roots();
    this.drawn = new Map(roots.map((root) => [root.id, drawn(root)]));
    return roots;
  }

  private isKnown(node: TreeNode): boolean {
    return this.known.get(node.id) === node;
  }

  private startReading(node: TreeNode): void {
    const isAnother = node !== this.hovered?.node;
    this.hovered = { node, since: Date.now() };
    if (isAnother) this.waiting?.draw(); // it may have waited for the one before
  }

  /** Tries again when a hover that is open now has been open for that long. */
  private later(openMs: number, draw: () => void): void {
    const now = Date.now();
    const until = Math.min(this.waiting?.until ?? Infinity, now + PATIENCE * openMs);
    this.forgetWaiting();
    if (this.isDisposed()) return;
    const end = Math.min((this.hovered?.since ?? now) + openMs, until);
    const timer = setTimeout(
      () => {
        if (Date.now() >= until) this.hovered = undefined;
        draw();
      },
      end - now + 1,
    );
    this.waiting = { draw, until, timer };
  }

  private forgetWaiting(): void {
    clearTimeout(this.waiting?.timer);
    this.waiting = undefined;
  }
}
