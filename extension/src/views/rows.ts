/** Rows that several trees have: what went wrong, and what is not fetched yet. */

import type { Command } from "vscode";
import { MarkdownString, TreeItem, TreeItemCollapsibleState } from "vscode";
import type { CommandId } from "../commands/ids";
import { dotted, escaped, thousands } from "../model/format";
import { ExpectedError, messageOf } from "../util/errors";
import { icon } from "./icons";
import type { TreeNode } from "./tree";

/** A row without children. */
export abstract class LeafNode implements TreeNode {
  constructor(
    readonly id: string,
    readonly parent: TreeNode | undefined,
  ) {}

  abstract item(now: number): TreeItem;

  async children(): Promise<TreeNode[]> {
    return Promise.resolve([]);
  }
}

/** Something that could not be shown, and why; a click does what helps. */
export class ProblemNode extends LeafNode {
  constructor(
    parent: TreeNode | undefined,
    private readonly problem: unknown,
    private readonly command: Command = call("stackyard.server.showLog", "Show the Log"),
  ) {
    super(`${parent?.id ?? ""}/problem`, parent);
  }

  item(): TreeItem {
    const item = new TreeItem(messageOf(this.problem), TreeItemCollapsibleState.None);
    const hint = ExpectedError.is(this.problem) ? this.problem.hint : "";
    item.id = this.id;
    item.description = hint;
    item.iconPath = icon("error", "list.errorForeground");
    item.tooltip = new MarkdownString(escaped(dotted(messageOf(this.problem), hint)));
    item.command = this.command;
    item.contextValue = "problem";
    return item;
  }
}

/** The last row of a list that goes on. */
export class LoadMoreNode extends LeafNode {
  constructor(
    parent: TreeNode | undefined,
    private readonly shown: number,
    private readonly total: number,
    readonly load: () => Promise<void>,
  ) {
    super(`${parent?.id ?? ""}/more`, parent);
  }

  item(): TreeItem {
    const item = new TreeItem("Load more…", TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = `${thousands(this.shown)} of ${thousands(this.total)}`;
    item.iconPath = icon("ellipsis");
    item.command = call("stackyard.list.loadMore", "Load More", this);
    item.contextValue = "loadMore";
    return item;
  }
}

/** A row that only says something. */
export class NoteNode extends LeafNode {
  constructor(
    parent: TreeNode,
    private readonly text: string,
  ) {
    super(`${parent.id}/note`, parent);
  }

  item(): TreeItem {
    const item = new TreeItem("", TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = this.text;
    item.accessibilityInformation = { label: this.text };
    item.contextValue = "note";
    return item;
  }
}

/** A command of ours for a row. */
export function call(command: CommandId, title: string, ...args: readonly unknown[]): Command {
  return { command, title, arguments: [...args] };
}

/** A command that opens a file at a line, counted from 1. */
export function openAt(file: string, line: number): Command {
  return call("stackyard.file.open", "Open", file, line);
}
