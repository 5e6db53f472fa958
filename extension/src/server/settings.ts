import { homedir } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { ConfigurationTarget, workspace } from "vscode";
import { activeFolder } from "../vscode/workspace";

/** The section of all settings. */
export const SECTION = "stackyard";

/** Keys below the section; package.json describes each. */
export type SettingKey = "interpreter" | "home";

/** The interpreter that the user set, absolute; empty when none is set. */
export function interpreterSetting(): string {
  return expand(text("interpreter"));
}

/** The home folder that the user set, absolute; empty when none is set. */
export function homeSetting(): string {
  return expand(text("home"));
}

/** Writes the interpreter, for the workspace if there is a trusted one, else for the user; empty removes it. */
export async function setInterpreterSetting(path: string): Promise<void> {
  const configuration = workspace.getConfiguration(SECTION);
  const inWorkspace = workspace.isTrusted && workspace.workspaceFolders !== undefined;
  const target = inWorkspace ? ConfigurationTarget.Workspace : ConfigurationTarget.Global;
  await configuration.update("interpreter", path === "" ? undefined : path, target);
}

function text(key: SettingKey): string {
  return workspace.getConfiguration(SECTION).get<string>(key, "").trim();
}

/** Understands `~` and, as the first workspace folder, `${workspaceFolder}` and relative paths. */
function expand(path: string): string {
  if (path === "") return "";
  const folder = activeFolder();
  let expanded = path.replace(/^~(?=$|[\\/])/, homedir());
  if (folder !== undefined) expanded = expanded.replaceAll("${workspaceFolder}", folder);
  return isAbsolute(expanded) || folder === undefined ? expanded : resolve(folder, expanded);
}
