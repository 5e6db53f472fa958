import { window, workspace } from "vscode";
import { ExpectedError } from "../util/errors";

/** Folders of the workspace on this machine's disk, absolute. */
export function workspaceFolders(): string[] {
  return (workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === "file")
    .map((folder) => folder.uri.fsPath);
}

/** The folder that the active editor's file belongs to, else the first one; undefined without a folder. */
export function activeFolder(): string | undefined {
  const uri = window.activeTextEditor?.document.uri;
  const folder = uri === undefined ? undefined : workspace.getWorkspaceFolder(uri);
  return folder?.uri.scheme === "file" ? folder.uri.fsPath : workspaceFolders()[0];
}

/** The active editor's file, when it is one of the workspace (or there is no folder open at all). */
export function activeFile(): string | undefined {
  const uri = window.activeTextEditor?.document.uri;
  if (uri?.scheme !== "file") return undefined;
  const belongs = workspaceFolders().length === 0 || workspace.getWorkspaceFolder(uri) !== undefined;
  return belongs ? uri.fsPath : undefined;
}

/**
 * Refuses what starts the user's interpreter while the workspace is not trusted.
 *
 * @param what A sentence: what is refused.
 * @param detail Another: what has not been done.
 * @throws ExpectedError with the button that manages trust.
 */
export function requireTrust(what: string, detail: string): void {
  if (workspace.isTrusted) return;
  throw new ExpectedError(what, detail, {
    title: "Manage Workspace Trust",
    command: "workbench.trust.manage",
  });
}
