/** Stamps: a small file beside a result that holds the digest of what it was made from, so that no step is repeated. */

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import { root } from "./paths.mjs";

const ignored = new Set([
  ".stackyard",
  ".venv",
  "__pycache__",
  "node_modules",
  ".mypy_cache",
  ".ruff_cache",
  ".pytest_cache",
]);

/** Returns every file under the paths (files or folders; missing ones are left out), sorted. */
export function filesUnder(paths) {
  const found = [];
  const visit = (path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      found.push(path);
      return;
    }
    for (const name of readdirSync(path)) if (!ignored.has(name)) visit(join(path, name));
  };
  for (const path of paths) visit(path);
  return found.sort();
}

/** Returns the digest of some plain values and of the names and contents of all files under the paths. */
export function digestOf(paths, values = []) {
  const hash = createHash("sha256").update(JSON.stringify(values));
  for (const file of filesUnder(paths)) {
    const content = readFileSync(file);
    hash.update(`\0${relative(root, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex");
}

/** Tells whether the stamp file holds this digest. */
export function isFresh(stamp, digest) {
  try {
    return readFileSync(stamp, "utf8").trim() === digest;
  } catch {
    return false;
  }
}

/** Writes the stamp: only once its result is whole. */
export function writeStamp(stamp, digest) {
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${digest}\n`);
}

/** Takes the stamp away: before its result is touched, so that a broken-off step is repeated. */
export function clearStamp(stamp) {
  rmSync(stamp, { force: true });
}
