import { window, workspace } from "vscode";

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
