/** A lock between processes of one checkout, held as a folder: making a folder succeeds for one process alone. */

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { out } from "./paths.mjs";
import { ScriptError } from "./run.mjs";

const patienceMs = 20 * 60_000;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Tells whether the holder of the lock is gone. A folder without a pid is one being made, unless it is old. */
function isAbandoned(folder) {
  try {
    return !isAlive(Number(readFileSync(join(folder, "pid"), "utf8")));
  } catch {
    const stats = statSync(folder, { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs > 10_000;
  }
}

/**
 * Does something while no other process of this checkout does the same.
 *
 * @param {string} name the name of the lock
 * @param {() => Promise<T>} body what to do
 * @returns {Promise<T>} what `body` returns
 * @template T
 */
export async function withLock(name, body) {
  const folder = join(out, `.${name}.lock`);
  mkdirSync(out, { recursive: true });
  const start = Date.now();
  for (let told = false; ;) {
    try {
      mkdirSync(folder);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (isAbandoned(folder)) {
      // Moved away first: of several waiting processes one alone succeeds in that.
      const grave = `${folder}.${process.pid}`;
      try {
        renameSync(folder, grave);
      } catch {
        continue;
      }
      rmSync(grave, { recursive: true, force: true });
      continue;
    }
    if (!told) process.stderr.write(`waiting for another ${name} of this checkout ...\n`);
    told = true;
    if (Date.now() - start > patienceMs) {
      throw new ScriptError(
        `Another ${name} has held ${folder} for 20 minutes. If none is running, delete that folder.`,
      );
    }
    await sleep(200);
  }
  try {
    writeFileSync(join(folder, "pid"), String(process.pid));
    return await body();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
