import { execFile } from "node:child_process";
import { access, constants, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isInsideAny } from "../model/paths";
import type { PythonFacts } from "../model/pythons";

/** A Python that hangs at its start is no use. */
const PROBE_TIMEOUT_MS = 15_000;

const CODE = [
  "import sys, json, sysconfig",
  "print(json.dumps({'executable': sys.executable, 'version': sys.version_info[:3],",
  "'implementation': sys.implementation.name,",
  "'freeThreaded': bool(sysconfig.get_config_var('Py_GIL_DISABLED'))}))",
].join("\n");

/** Tells whether there is a file that may be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Tells whether a path, or what it is a link to, lies in one of the folders. */
export async function liesIn(folders: readonly string[], path: string): Promise<boolean> {
  if (isInsideAny(folders, path)) return true;
  const real = await realpath(path).catch(() => path);
  const realFolders = await Promise.all(folders.map(async (folder) => realpath(folder).catch(() => folder)));
  return isInsideAny(realFolders, real);
}

/**
 * Asks a Python what it is, isolated from packages, environment and working folder.
 *
 * @throws Error when it can't be started or does not answer in time.
 */
export async function probe(path: string): Promise<PythonFacts> {
  return new Promise((resolve, reject) => {
    // The working folder is a neutral one: a launcher such as pyenv's reads `.python-version` there.
    const options = { timeout: PROBE_TIMEOUT_MS, cwd: tmpdir(), windowsHide: true };
    execFile(path, ["-I", "-S", "-c", CODE], options, (error, stdout) => {
      if (error !== null) {
        reject(new Error(error.message, { cause: error }));
        return;
      }
      const facts = parse(stdout);
      if (facts === undefined) reject(new Error(`${path} did not answer as a Python does.`));
      else resolve(facts);
    });
  });
}

function parse(stdout: string): PythonFacts | undefined {
  try {
    const answer: unknown = JSON.parse(stdout);
    return typeof answer === "object" && answer !== null && "version" in answer ? (answer as PythonFacts) : undefined;
  } catch {
    return undefined;
  }
}
