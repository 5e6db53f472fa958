#!/usr/bin/env node
/**
 * Runs the end-to-end tests, tests/e2e/*.test.mjs, against the built .vsix in a real VS Code.
 *
 *   node tests/e2e/run.mjs [TEXT | FILE ...]      only these files, or those whose names contain a TEXT
 *
 * The .vsix is $STACKYARD_VSIX, else it is built. One file at a time, each with its own VS Code.
 * Prints a line per test, writes {passed, failed} to $RESULTS_FILE, exit code 1 on a failure.
 */
import fs from "node:fs";
import path from "node:path";
import { run } from "node:test";
import { root } from "../../scripts/lib/paths.mjs";
import { buildPackage } from "../../scripts/package.mjs";
import { writeResults } from "./workspace.mjs";

/** Against hanging only: how long a file takes is the machine's affair. */
const FILE_LIMIT_MS = 1_200_000;

function chosenFiles(texts) {
  const folder = path.join(root, "tests", "e2e");
  const names = fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".test.mjs"))
    .sort();
  const named = texts.filter((text) => text.endsWith(".mjs")).map((file) => path.resolve(file));
  const parts = texts.filter((text) => !text.endsWith(".mjs"));
  const chosen = texts.length === 0 ? names : names.filter((name) => parts.some((part) => name.includes(part)));
  if (named.length + chosen.length === 0)
    throw new Error(`no test file matches ${texts.join(", ")}; there are: ${names.join(", ")}`);
  return [...named, ...chosen.map((name) => path.join(folder, name))];
}

async function main() {
  const started = Date.now();
  process.env.STACKYARD_VSIX ||= (await buildPackage()).vsix;
  const files = chosenFiles(process.argv.slice(2));
  let passed = 0;
  let failed = 0;
  const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
  const events = run({ files, concurrency: 1, timeout: FILE_LIMIT_MS });
  for await (const { type, data } of events) {
    if (type === "test:stdout" || type === "test:stderr") process.stderr.write(data.message);
    const isSuite = data?.details?.type === "suite";
    if (type === "test:pass" && !isSuite) {
      passed += 1;
      console.log(`ok     ${data.name} (${seconds(data.details.duration_ms)})`);
    } else if (type === "test:fail" && !(isSuite && data.details.error?.failureType === "subtestsFailed")) {
      failed += 1;
      const error = data.details.error?.cause ?? data.details.error;
      console.log(`FAILED ${data.name} (${seconds(data.details.duration_ms)})`);
      console.log(String(error?.stack ?? error).replace(/^/gm, "       "));
      for (let cause = error?.cause; cause; cause = cause.cause)
        console.log(`       because: ${String(cause.message ?? cause)}`);
    }
  }
  writeResults(passed, failed);
  console.log(`real VS Code: ${passed} passed, ${failed} failed in ${seconds(Date.now() - started)}`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(`run.mjs: ${error.message}`);
  writeResults(0, 1);
  process.exitCode = 1;
});
