/** Starting other programs: with their output shown, or kept for later. */

import { spawn } from "node:child_process";
import { createWriteStream, realpathSync } from "node:fs";

import { childEnv, root } from "./paths.mjs";

/** A mistake of the surroundings that the user can put right; shown without a stack trace. */
export class ScriptError extends Error {}

// Programs in a group of their own, and programs that share our terminal.
const apart = new Set();
const shown = new Set();

function killGroup(child, signal) {
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    for (const child of apart) killGroup(child, signal);
    if (shown.size === 0) process.exit(130);
    // Ctrl-C has reached them from the terminal already; we end when they have put things in order and ended.
    if (signal !== "SIGINT") for (const child of shown) child.kill(signal);
  });
}

/**
 * Runs a program to its end.
 *
 * @param {string} command the program
 * @param {string[]} args its arguments
 * @param {object} [options]
 * @param {string} [options.cwd] working folder, the checkout unless given
 * @param {Record<string, string>} [options.env] variables beside those of `childEnv`
 * @param {boolean} [options.show] show its output as it comes instead of keeping it
 * @param {string} [options.log] a file that gets the output as it comes
 * @param {number} [options.timeoutMs] kill it and all it started after so long
 * @returns {Promise<{code: number, output: string, timedOut: boolean}>} exit code (127: no such program), and stdout
 *   and stderr together, empty when shown
 */
export function run(command, args, { cwd = root, env = {}, show = false, log, timeoutMs } = {}) {
  return new Promise((resolve) => {
    // A group of its own lets a time-out end what the program started too. A shown program stays in ours: it may be
    // interactive, and Ctrl-C reaches it from the terminal.
    const detached = !show && process.platform !== "win32";
    const child = spawn(command, args, {
      cwd,
      env: childEnv(env),
      detached,
      stdio: ["ignore", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
      shell: process.platform === "win32" && command === "npm",
    });
    const siblings = detached ? apart : shown;
    siblings.add(child);
    const sink = log === undefined ? undefined : createWriteStream(log);
    const chunks = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        chunks.push(chunk);
        sink?.write(chunk);
      });
    }
    let timedOut = false;
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killGroup(child, "SIGKILL");
          }, timeoutMs);
    const finish = (code, note = "") => {
      clearTimeout(timer);
      siblings.delete(child);
      sink?.end(note);
      resolve({ code, output: Buffer.concat(chunks).toString("utf8") + note, timedOut });
    };
    child.on("error", (error) => finish(127, `${command}: ${error.message}\n`));
    child.on("close", (code, signal) => {
      if (timedOut) finish(124, `\n${command}: killed after ${Math.round(timeoutMs / 1000)} s\n`);
      else finish(code ?? 1, signal === null ? "" : `\n${command}: ended by ${signal}\n`);
    });
  });
}

/**
 * Runs a program and insists that it succeeds.
 *
 * @param {string} what what this step does, for the message
 * @returns {Promise<string>} its output
 * @throws {ScriptError} with its whole output, when it fails
 */
export async function mustRun(what, command, args, options = {}) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    throw new ScriptError(
      `${what} failed (exit code ${result.code}): ${[command, ...args].join(" ")}\n${result.output}`,
    );
  }
  return result.output;
}

/** Runs a script's main function; a `ScriptError` ends it with its message alone and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = (await body(process.argv.slice(2))) ?? 0;
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Tells whether this module is the script that was started, and not imported by another. */
export function isMain(meta) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === meta.filename;
}
