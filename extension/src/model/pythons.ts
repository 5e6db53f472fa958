/** Which Pythons there may be, from what is known without starting one. Pure. */

import { isAbsolute, join } from "node:path";
import { isInsideAny } from "./paths";

/** The oldest Python that Stackyard works with. */
export const OLDEST: readonly [number, number] = [3, 10];

/** The newest one that the bundled compiled libraries are built for. */
export const NEWEST_BUNDLED: readonly [number, number] = [3, 14];

/** What a Python says of itself. */
export interface PythonFacts {
  /** `sys.executable`, absolute. */
  readonly executable: string;
  /** `[3, 11, 7]`. */
  readonly version: readonly [number, number, number];
  /** `cpython`. */
  readonly implementation: string;
  /** Built without the GIL: another ABI than that of the bundled libraries. */
  readonly freeThreaded: boolean;
}

/** Why the server can't run in a Python; undefined when it can. */
export function unfitForServer(python: PythonFacts): string | undefined {
  const name = `Python ${python.version.join(".")} at ${python.executable}`;
  const [major, minor] = python.version;
  if (python.implementation !== "cpython") return `${name} is ${python.implementation}; CPython is needed.`;
  if (major !== 3 || minor < OLDEST[1]) return `${name} is too old; 3.10 or newer is needed.`;
  if (python.freeThreaded) return `${name} is a free-threaded build; an ordinary one is needed.`;
  if (minor > NEWEST_BUNDLED[1]) return `${name} is newer than this version of Stackyard knows (3.10 to 3.14).`;
  return undefined;
}

/**
 * Where a Python may be found, likeliest first: every name on every absolute folder of `PATH`, then folders that a
 * desktop's `PATH` often lacks. Folders inside the workspace are left out, whatever the trust: a `PATH` must not
 * decide that code of a project runs.
 */
export function pythonsOnPath(path: string, platform: NodeJS.Platform, workspace: readonly string[]): string[] {
  const separator = platform === "win32" ? ";" : ":";
  const usual = platform === "win32" ? [] : ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  const folders = [...new Set([...path.split(separator), ...usual])].filter(
    (folder) => isAbsolute(folder) && !isInsideAny(workspace, folder),
  );
  return pythonNames(platform).flatMap((name) => folders.map((folder) => join(folder, name)));
}

/** Interpreters of the virtual environments that a folder usually holds. */
export function environmentsIn(folder: string, platform: NodeJS.Platform): string[] {
  return [".venv", "venv"].map((name) =>
    platform === "win32" ? join(folder, name, "Scripts", "python.exe") : join(folder, name, "bin", "python"),
  );
}

function pythonNames(platform: NodeJS.Platform): string[] {
  if (platform === "win32") return ["python.exe", "python3.exe"];
  const versions: string[] = [];
  for (let minor = NEWEST_BUNDLED[1]; minor >= OLDEST[1]; minor -= 1) versions.push(`python3.${minor}`);
  return ["python3", ...versions, "python"];
}
