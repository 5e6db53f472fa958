/** What a row was drawn from: drawn again, it would lose its hover, so that must be for something. */

import type { TreeItem } from "vscode";
import type { TreeNode } from "./tree";

/** Rows as texts, which are the same if they look, or tell, the same. */
interface Texts {
  readonly look: string;
  readonly told: string;
}

/** A row as it was drawn. */
export interface Drawn extends Texts {
  /** The rows below, once they were asked for. */
  readonly below?: Texts;
}

/** A row that is drawn now; VS Code asks for those below by itself, if it shows them. */
export function drawn(node: TreeNode): Drawn {
  // At a time that is always the same: that time passes is no change.
  return { look: JSON.stringify(look(node.item(0))), told: JSON.stringify(node.told ?? null) };
}

/** The rows below a row. */
export function rowsBelow({ below }: TreeNode): Texts {
  return { look: JSON.stringify(below?.look ?? null), told: JSON.stringify(below?.told ?? null) };
}

/** Tells whether the row, or one below it, would look different if it was drawn now. */
export function looksElse(node: TreeNode, before: Drawn | undefined): boolean {
  return (
    drawn(node).look !== before?.look || (before.below !== undefined && rowsBelow(node).look !== before.below.look)
  );
}

/** Tells whether the hover of the row, or of one below it, would tell something else. */
export function tellsElse(node: TreeNode, before: Drawn | undefined): boolean {
  return (
    drawn(node).told !== before?.told || (before.below !== undefined && rowsBelow(node).told !== before.below.told)
  );
}

/** What is seen of a row, as JSON values. */
export function look({ tooltip, ...item }: TreeItem): unknown {
  const { label, description, iconPath, collapsibleState, contextValue, accessibilityInformation } = item;
  const hover = typeof tooltip === "object" ? tooltip.value : tooltip;
  return [label, description, iconPath, collapsibleState, contextValue, accessibilityInformation, hover];
}
