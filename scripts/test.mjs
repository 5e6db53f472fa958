/**
 * Sets up and runs the test suites, one line each, and ends with `N passed, N failed`.
 *
 *     npm test                    # everything, the real VS Code included
 *     npm test -- unit cli        # some suites
 *
 * A suite's whole output goes to out/test/<suite>.log, and is shown if it fails. A suite that ran no test has failed.
 */

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { out, venvPython } from "./lib/paths.mjs";
import { ScriptError, main, run } from "./lib/run.mjs";
import { suites } from "./lib/suites.mjs";
import { setup } from "./setup.mjs";

const folder = join(out, "test");

/** Runs a part; what keeps it from starting at all, such as an extension that does not build, is a failure of it. */
async function attempt(part, files) {
  try {
    return await part(files);
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { passed: 0, failed: 1, output: error.message };
  }
}

/** Runs one suite and prints its line; returns how many tests passed and failed. */
async function runSuite({ name, parts }) {
  const slug = name.toLowerCase().replaceAll(" ", "-");
  const start = Date.now();
  const total = { passed: 0, failed: 0 };
  const notes = [];
  const logs = [];
  for (const [index, part] of parts.entries()) {
    const log = join(folder, index === 0 ? `${slug}.log` : `${slug}-${index + 1}.log`);
    const { passed, failed, note, output } = await attempt(part, {
      log,
      results: join(folder, `${slug}-${index + 1}.results`),
    });
    total.passed += passed;
    total.failed += failed;
    if (note !== undefined) notes.push(note);
    if (failed > 0) logs.push(`----- ${log}\n${output.trimEnd()}\n`);
  }
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  const suffix = notes.length > 0 ? `  (${notes.join("; ")})` : "";
  const counts = `${String(total.passed).padStart(5)} passed ${String(total.failed).padStart(4)} failed`;
  process.stdout.write(`${name.padEnd(15)}${counts} ${seconds.padStart(7)} s${suffix}\n${logs.join("")}`);
  return total;
}

await main(async (names) => {
  const known = suites.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ScriptError(
      `No such suite: ${unknown.join(", ")}. Suites: ${known.map((name) => JSON.stringify(name)).join(", ")}`,
    );
  }
  // Whether the extension builds is for the suites to say that need it.
  await setup({ without: ["dist"] });
  // Tests start hundreds of processes, many of them without the right to keep what they compile.
  await run(venvPython, ["-m", "compileall", "-q", "src"]);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const total = { passed: 0, failed: 0 };
  for (const suite of suites.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const { passed, failed } = await runSuite(suite);
    total.passed += passed;
    total.failed += failed;
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  return total.failed > 0 ? 1 : 0;
});
