/** What the tests inside the extension host share. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { TreeItem } from "vscode";
import { CancellationTokenSource, extensions, workspace } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import type { ArtifactVersionView, RunView, StackView } from "../../src/protocol";
import type { TreeNode, TreeProvider } from "../../src/views/tree";

// The tests are a bundle of their own, to which the extension's classes are strangers: rows are known by their facts.

/** The row of a stack. */
export interface StackRow extends TreeNode {
  stack: StackView;
}

/** The row of a run. */
export interface RunRow extends TreeNode {
  readonly run: RunView;
}

/** The row of an artifact version. */
export interface VersionRow extends TreeNode {
  readonly version: ArtifactVersionView;
}

/** The extension's parts, with the server ready. */
export async function readyExtension(): Promise<StackyardExtension> {
  const extension = extensions.getExtension<StackyardExtension>("stackyard.stackyard");
  assert.ok(extension, "the extension is not installed");
  const parts = await extension.activate();
  await parts.server.ensureStarted();
  await parts.server.settled(240_000);
  assert.equal(parts.server.phase().kind, "ready", JSON.stringify(parts.server.phase()));
  await parts.interpreter.choose();
  return parts;
}

/** The folder that is open. */
export function folder(): string {
  const [first] = workspace.workspaceFolders ?? [];
  assert.ok(first, "no folder is open");
  return first.uri.fsPath;
}

/** Waits until something holds; the error says what was seen last. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 240_000,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await probe();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    assert.ok(Date.now() < deadline, `within ${timeoutMs} ms not: ${what}; last seen: ${JSON.stringify(seen)}`);
    await wait(50);
  }
}

/** A tree's rows at the top, or below a row. */
export async function rows(tree: TreeProvider, node?: TreeNode): Promise<TreeNode[]> {
  return tree.getChildren(node);
}

/** The row with this label. */
export async function row(tree: TreeProvider, label: string, parent?: TreeNode): Promise<TreeNode> {
  const all = await rows(tree, parent);
  const found = all.find((node) => labelOf(tree, node) === label);
  assert.ok(found, `no row ${label} among: ${all.map((node) => labelOf(tree, node)).join(", ")}`);
  return found;
}

/** The text of a row. */
export function labelOf(tree: TreeProvider, node: TreeNode): string {
  const { label } = tree.getTreeItem(node);
  return typeof label === "string" ? label : (label?.label ?? "");
}

/** The tooltip of a row as text, fetched as VS Code does when the mouse rests on it. */
export async function tooltip(tree: TreeProvider, node: TreeNode): Promise<string> {
  const item: TreeItem = tree.getTreeItem(node);
  const { tooltip: text } = await tree.resolveTreeItem(item, node, new CancellationTokenSource().token);
  return typeof text === "string" ? text : (text?.value ?? "");
}

/** Writes a pipeline file into the folder and waits until the server has found it. */
export async function writePipeline(parts: StackyardExtension, name: string, source: string): Promise<string> {
  const path = join(folder(), name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, source);
  await eventually(`pipelines of ${name} are found`, async () => {
    await parts.stores.pipelines.get();
    return parts.stores.pipelines.peek()?.pipelines.some((pipeline) => pipeline.file === path);
  });
  return path;
}
