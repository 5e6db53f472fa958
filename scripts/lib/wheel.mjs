/** Stackyard's own wheel: `out/wheel/stackyard-<version>-py3-none-any.whl`. */

import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { out, root, venvPython } from "./paths.mjs";
import { mustRun } from "./run.mjs";
import { clearStamp, digestOf, isFresh, writeStamp } from "./stamp.mjs";

const folder = join(out, "wheel");
const stamp = join(folder, ".stackyard-wheel");
const sources = ["src", "pyproject.toml", "README.md", "LICENSE"].map((name) => join(root, name));

function built() {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.name.endsWith(".whl"));
  return names.length === 1 ? join(folder, names[0].name) : undefined;
}

/** Builds the wheel, unless it is there and nothing changed, and returns its path. Needs no network. */
export async function buildWheel() {
  mkdirSync(folder, { recursive: true });
  const digest = digestOf(sources);
  const present = built();
  if (present !== undefined && isFresh(stamp, digest)) return present;
  clearStamp(stamp);
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  const args = ["-m", "build", "--wheel", "--no-isolation", "--outdir", folder, root];
  // A fixed time makes the same sources give the same file: 2020-02-02, as Python's own build tools do.
  await mustRun("Building the wheel", venvPython, args, { env: { SOURCE_DATE_EPOCH: "1580601600" } });
  writeStamp(stamp, digest);
  return built();
}
