import type { TextDocument, TextEditor, Uri as UriType } from "vscode";
import { Range, Uri, ViewColumn, window, workspace } from "vscode";

/** Opens a file with the cursor at the beginning of a line, counted from 1; anything but a path is ignored. */
export async function openFileAt(file: unknown, line: unknown): Promise<void> {
  if (typeof file !== "string") return;
  const row = typeof line === "number" && line > 0 ? line - 1 : 0;
  await window.showTextDocument(Uri.file(file), { selection: new Range(row, 0, row, 0), preview: true });
}

/** Opens a document that is not a file, in a tab that the next one may take. */
export async function openVirtual(uri: UriType): Promise<{ document: TextDocument; editor: TextEditor }> {
  const document = await workspace.openTextDocument(uri);
  return {
    document,
    editor: await window.showTextDocument(document, { preview: true, viewColumn: ViewColumn.Active }),
  };
}

/** Asks for a file; undefined when the dialog is closed. */
export async function chooseFile(title: string): Promise<string | undefined> {
  const files = await window.showOpenDialog({ title, openLabel: "Select" });
  return files?.[0]?.fsPath;
}

/** Runs a command line in a new terminal, in sight of the user. */
export function runInTerminal(name: string, commandLine: string): void {
  const terminal = window.createTerminal({ name });
  terminal.show();
  terminal.sendText(commandLine);
}
