/** Where things lie in the checkout: the one place of the scripts that joins these paths. */

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const onWindows = process.platform === "win32";

/** The folder of the checkout. */
export const root = resolve(fileURLToPath(import.meta.url), "..", "..", "..");

/** The checkout's own Python environment and the programs in it. */
export const venv = join(root, ".venv");
export const venvBin = join(venv, onWindows ? "Scripts" : "bin");
export const venvPython = join(venvBin, onWindows ? "python.exe" : "python");

/** Everything that is made and may be deleted at any time. */
export const out = join(root, "out");
export const dist = join(root, "dist");
export const bundledLibs = join(root, "bundled", "libs");
export const nodeModules = join(root, "node_modules");

/** Returns the path of a program in the environment, such as `ruff`. */
export function venvProgram(name) {
  return join(venvBin, onWindows ? `${name}.exe` : name);
}

/** Returns the environment of a child: this process's own, with the checkout's programs first on PATH. */
export function childEnv(extra = {}) {
  const separator = onWindows ? ";" : ":";
  return { ...process.env, PATH: `${venvBin}${separator}${process.env.PATH ?? ""}`, VIRTUAL_ENV: venv, ...extra };
}
