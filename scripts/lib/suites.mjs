/**
 * The test suites in their order. A suite is a list of parts; a part is a function that runs a test program with its
 * output in a log, and returns how many tests passed and failed, a note for the suite's line, and the output.
 */

import { randomInt } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { buildTests } from "../build.mjs";
import { buildPackage } from "../package.mjs";
import { nodeModules, out, root, venvPython } from "./paths.mjs";
import { run } from "./run.mjs";
import { filesUnder } from "./stamp.mjs";

// Far above what a suite takes: this only ends one that hangs, with everything it started.
const suiteLimitMs = 30 * 60_000;

/** Turns what a program left behind into counts: a failure of its own counts as one, and so does a run of no test. */
function judge({ code, output }, counts) {
  let { passed, failed } = counts ?? { passed: 0, failed: 0 };
  let reason = "";
  if (counts === undefined) reason = "it left no results";
  else if (passed + failed === 0) reason = "it ran no test";
  else if (code !== 0 && failed === 0) reason = `it ended with exit code ${code} though no test failed`;
  if (reason === "") return { passed, failed, output };
  return { passed, failed: failed + 1, output: `${output}\nThis suite counts as failed: ${reason}.\n` };
}

function readJUnit(file) {
  if (!existsSync(file)) return undefined;
  const attributes = /<testsuite\s([^>]*)>/.exec(readFileSync(file, "utf8"))?.[1];
  if (attributes === undefined) return undefined;
  const number = (name) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(attributes)?.[1] ?? 0);
  // A skipped test is one that did not run: the project has none, so it counts as failed.
  const failed = number("failures") + number("errors") + number("skipped");
  return { passed: number("tests") - failed, failed };
}

/** A part that runs pytest on a folder of tests/. */
function pytest(name, args = [], note) {
  return async ({ log, results }) => {
    rmSync(results, { force: true });
    const all = [
      "-m",
      "pytest",
      "-q",
      join("tests", name),
      `--junitxml=${results}`,
      "-o",
      "junit_family=xunit2",
      ...args,
    ];
    const done = await run(venvPython, all, { log, timeoutMs: suiteLimitMs });
    return { ...judge(done, readJUnit(results)), note };
  };
}

// Both cores have work until the end: who is idle takes tests from the other.
const onTwoCores = ["-n2", "--dist=worksteal"];

function property() {
  // The fixed seed makes a failure repeat; the other looks where nobody looked before.
  return [0, randomInt(1, 2 ** 31)].map((seed) =>
    pytest("property", [`--hypothesis-seed=${seed}`, ...onTwoCores], `seed ${seed}`),
  );
}

/** The extension's tests that need no VS Code, by a plain mocha. */
async function extensionUnit({ log, results }) {
  const sources = filesUnder([join(root, "extension", "test", "unit")]).filter((file) => file.endsWith(".test.ts"));
  const folder = join(out, "test-build");
  rmSync(folder, { recursive: true, force: true });
  await buildTests(sources, folder);
  const mocha = join(nodeModules, "mocha", "bin", "mocha.js");
  const reporter = ["--reporter=json", "--reporter-option", `output=${results}`];
  const done = await run(process.execPath, [mocha, ...reporter, join(folder, "**", "*.test.cjs")], {
    log,
    timeoutMs: suiteLimitMs,
  });
  if (!existsSync(results)) return judge(done, undefined);
  const { stats, failures } = JSON.parse(readFileSync(results, "utf8"));
  const told = failures.map(({ fullTitle, err }) => `${fullTitle}\n${err.stack ?? err.message}\n`).join("\n");
  const counts = { passed: stats.passes, failed: stats.failures + stats.pending };
  return judge({ ...done, output: `${done.output}\n${told}` }, counts);
}

/** A part that runs one of the programs that start a real VS Code; it writes its counts to $RESULTS_FILE. */
function inVsCode(program) {
  return async ({ log, results }) => {
    rmSync(results, { force: true });
    const server = await run("bash", [join("scripts", "vscode", "get.sh")], { log, timeoutMs: suiteLimitMs });
    if (server.code !== 0) return judge(server, undefined);
    const { vsix } = await buildPackage();
    const done = await run(process.execPath, [join("tests", "e2e", program)], {
      log,
      env: { RESULTS_FILE: results, STACKYARD_VSIX: vsix },
      timeoutMs: suiteLimitMs,
    });
    return judge(done, existsSync(results) ? JSON.parse(readFileSync(results, "utf8")) : undefined);
  };
}

export const suites = [
  { name: "unit", parts: [pytest("unit", onTwoCores), extensionUnit] },
  { name: "property", parts: property() },
  { name: "contract", parts: [pytest("contract", onTwoCores)] },
  {
    name: "integration",
    parts: [pytest("integration", [...onTwoCores, "-m", "not alone"]), pytest("integration", ["-m", "alone"])],
  },
  { name: "cli", parts: [pytest("cli", onTwoCores)] },
  { name: "lsp", parts: [pytest("lsp")] },
  { name: "architecture", parts: [pytest("architecture")] },
  { name: "extension host", parts: [inVsCode("host.mjs")] },
  { name: "real VS Code", parts: [inVsCode("run.mjs")] },
];
