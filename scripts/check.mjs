/**
 * Runs every static check and the architecture tests; goes on after a failure and ends with exit code 1 if any failed.
 *
 *     npm run check            # all
 *     npm run check -- mypy    # some
 *
 * A check that passes is one line; one that fails shows its whole output.
 */

import { join } from "node:path";

import { nodeModules, root, venvPython, venvProgram } from "./lib/paths.mjs";
import { ScriptError, main, run } from "./lib/run.mjs";
import { setup } from "./setup.mjs";

const node = process.execPath;
const importPath = [join(root, "src"), join(root, "bundled", "tool")].join(process.platform === "win32" ? ";" : ":");

function nodeTool(...path) {
  return join(nodeModules, ...path);
}

/** Each check: its name, the program and its arguments, and variables of its environment. */
const checks = [
  ["ruff", venvProgram("ruff"), ["check"]],
  ["ruff-format", venvProgram("ruff"), ["format", "--check"]],
  ["mypy", venvPython, ["-m", "mypy"]],
  ["lint-imports", venvProgram("lint-imports"), [], { PYTHONPATH: importPath }],
  ["prettier", node, [nodeTool("prettier", "bin", "prettier.cjs"), "--check", "--log-level=warn", "."]],
  ["tsc", node, [nodeTool("typescript", "bin", "tsc"), "--noEmit"]],
  ["eslint", node, [nodeTool("eslint", "bin", "eslint.js"), "."]],
  ["architecture", venvPython, ["-m", "pytest", "-q", join("tests", "architecture")]],
];

async function check([name, command, args, env = {}]) {
  const start = Date.now();
  const { code, output } = await run(command, args, { env });
  const time = `${((Date.now() - start) / 1000).toFixed(1)}s`;
  process.stdout.write(
    code === 0 ? `check ${name} ok ${time}\n` : `check ${name} FAILED ${time}\n${output.trimEnd()}\n`,
  );
  return code === 0;
}

await main(async (names) => {
  const known = checks.map(([name]) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new ScriptError(`No such check: ${unknown.join(", ")}. Checks: ${known.join(", ")}`);
  await setup({ without: ["bundled/libs", "dist"] });
  const queue = checks.filter(([name]) => names.length === 0 || names.includes(name));
  let failed = 0;
  const worker = async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) if (!(await check(one))) failed += 1;
  };
  // Two at a time: most machines have two cores, and mypy and eslint take the longest.
  await Promise.all([worker(), worker()]);
  return failed > 0 ? 1 : 0;
});
