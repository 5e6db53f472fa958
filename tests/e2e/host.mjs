#!/usr/bin/env node
/**
 * Runs extension/test/host/*.test.ts inside a real extension host.
 *
 *   node tests/e2e/host.mjs [--only TEXT]
 *
 * Two hosts, one after the other: `*.python-extension.test.ts` run beside the stub of the Python
 * extension, all others without it. The extension is loaded from the checkout (dist/extension.js).
 * Prints a line per test, writes {passed, failed} to $RESULTS_FILE, exit code 1 on a failure.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { build, buildTests } from "../../scripts/build.mjs";
import { out, root } from "../../scripts/lib/paths.mjs";
import { startBrowser } from "../../scripts/vscode/browser.mjs";
import { copyExtension, makeProfile, removeProfile, startServer } from "../../scripts/vscode/server.mjs";
import { KEPT, Scratch, keepLogs, writeResults } from "./workspace.mjs";

const require = createRequire(import.meta.url);
const HERE = path.join(root, "tests", "e2e");
const BESIDE_PYTHON = ".python-extension.test.";
/** Against hanging only: how long they take is the machine's affair. */
const LIMIT_MS = 1_200_000;

const { values: options } = parseArgs({ options: { only: { type: "string", default: "" } } });

/** Compiles the tests to CommonJS and returns the files, those beside the Python extension apart. */
async function compile() {
  const folder = path.join(root, "extension", "test", "host");
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name.includes(options.only));
  if (names.length === 0) throw new Error(`no *.test.ts matching '${options.only}' in ${folder}`);
  const target = path.join(out, "host-tests");
  fs.rmSync(target, { recursive: true, force: true });
  await buildTests(
    names.sort().map((name) => path.join(folder, name)),
    target,
  );
  const files = names.map((name) => path.join(target, "host", name.replace(/\.ts$/, ".cjs")));
  return {
    alone: files.filter((file) => !file.includes(BESIDE_PYTHON)),
    besidePython: files.filter((file) => file.includes(BESIDE_PYTHON)),
  };
}

/** One extension host with the tests and the extensions installed beside ours; returns what the tests reported. */
async function runHost(name, files, beside) {
  const scratch = new Scratch();
  const profile = makeProfile();
  const events = path.join(scratch.dir, "events.jsonl");
  const suite = JSON.stringify({ mocha: require.resolve("mocha"), files, events });
  let server;
  let browser;
  let trouble;
  try {
    for (const extension of beside) copyExtension(profile, extension);
    const folder = scratch.copyProject("examples/starter");
    server = await startServer(profile, {
      development: true,
      env: {
        ...scratch.env,
        STACKYARD_HOST_SUITE: suite,
        STACKYARD_TEST_ROOT: root,
        NODE_OPTIONS: "--enable-source-maps",
      },
    });
    browser = await startBrowser(profile);
    const exited = new Promise((resolve) => {
      void browser.page.exposeFunction("codeAutomationExit", resolve);
    });
    await browser.page.exposeFunction("codeAutomationLog", () => undefined);
    await browser.page.goto(
      server.address(folder, {
        extensionDevelopmentPath: root,
        extensionTestsPath: path.join(HERE, "host-suite.cjs"),
        skipWelcome: "true",
      }),
      { timeout: LIMIT_MS },
    );
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve("late"), LIMIT_MS);
    });
    const code = await Promise.race([exited, late]);
    clearTimeout(timer);
    if (code === "late") trouble = `the tests did not end within ${LIMIT_MS / 1000} s`;
  } catch (error) {
    trouble = error.stack;
  }
  const reported = fs.existsSync(events)
    ? fs
        .readFileSync(events, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line))
    : [];
  if (!trouble && !reported.some((event) => event.kind === "end"))
    trouble = "the extension host ended before its tests did";
  const results = reported.filter((event) => event.kind !== "end");
  if (trouble) results.push({ kind: "fail", title: `extension host (${name})`, duration: 0, error: trouble });
  const failed = results.some((event) => event.kind === "fail");
  if (failed) {
    await browser?.page.screenshot({ path: path.join(KEPT, `host-${name}-failure.png`) }).catch(() => undefined);
    await keepLogs(profile, path.join(KEPT, `host-${name}`));
  }
  await browser?.close();
  await server?.stop();
  removeProfile(profile);
  scratch.remove();
  return results;
}

function print(result) {
  console.log(`${result.kind === "pass" ? "ok    " : "FAILED"} ${result.title} (${result.duration} ms)`);
  if (result.error) console.log(result.error.replace(/^/gm, "       "));
}

async function main() {
  const started = Date.now();
  fs.mkdirSync(KEPT, { recursive: true });
  await build();
  const { alone, besidePython } = await compile();
  const results = [];
  const hosts = [
    ["alone", alone, []],
    ["beside-python", besidePython, [path.join(HERE, "stub-python-extension")]],
  ];
  for (const [name, files, beside] of hosts) {
    if (files.length === 0) continue;
    const reported = await runHost(name, files, beside);
    reported.forEach(print);
    results.push(...reported);
  }
  const passed = results.filter((result) => result.kind === "pass").length;
  const failed = results.length - passed;
  writeResults(passed, failed);
  console.log(`extension host: ${passed} passed, ${failed} failed in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(`host.mjs: ${error.stack}`);
  writeResults(0, 1);
  process.exitCode = 1;
});
