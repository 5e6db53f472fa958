/**
 * Makes a fresh clone usable, and does nothing when it is already:
 *
 *   .venv          Python environment with the pinned tools and Stackyard itself, editable (`.venv/bin/stackyard`)
 *   node_modules   the pinned Node packages
 *   bundled/libs   what the language server runs on
 *   dist           the built extension
 *
 *     npm run setup            # also the first thing that `npm test` and `npm run demo` do
 *
 * Uses Node's own modules alone: it runs before anything is installed.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ensureVenv } from "./lib/interpreter.mjs";
import { withLock } from "./lib/lock.mjs";
import { bundledLibs, dist, nodeModules, root, venv, venvProgram, venvPython } from "./lib/paths.mjs";
import { ScriptError, isMain, main, mustRun, run } from "./lib/run.mjs";
import { clearStamp, digestOf, isFresh, writeStamp } from "./lib/stamp.mjs";

const devLock = join(root, "requirements", "dev.lock");
const bundleLock = join(root, "requirements", "bundle.lock");

/** Returns the part of pyproject.toml that an installation depends on: everything before the settings of tools. */
function packageMetadata() {
  return readFileSync(join(root, "pyproject.toml"), "utf8").split(/^\[tool\.(?!hatch)/m)[0];
}

/** Returns a uv that can be used; the pinned one is installed first if there is none. Undefined where uv has no build. */
async function findUv() {
  const own = venvProgram("uv");
  for (const uv of [own, "uv"]) if ((await run(uv, ["--version"])).code === 0) return uv;
  const pin = /^uv==\S+/m.exec(readFileSync(devLock, "utf8"))?.[0] ?? "uv";
  const { code } = await run(venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", pin]);
  return code === 0 ? own : undefined;
}

/** Installs with uv, which takes a sixth of pip's time, or with pip where uv is not to be had or does not manage. */
async function installPython(what, args) {
  const uv = await findUv();
  if (uv !== undefined) {
    const options = ["--python", venvPython, "--quiet", "--compile-bytecode"];
    const { code } = await run(uv, ["pip", "install", ...options, ...args]);
    if (code === 0) return;
  }
  await mustRun(what, venvPython, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args]);
}

/** The four parts in their order: what each is made from (its digest), where that is noted, and how it is made. */
const parts = [
  {
    name: "Python packages",
    stamp: join(venv, ".stackyard-packages"),
    isThere: () => existsSync(venvPython),
    digest: () => digestOf([devLock]),
    make: async () => {
      await ensureVenv();
      await installPython("Installing the Python packages", ["-r", devLock]);
    },
  },
  {
    name: "Stackyard itself, editable",
    stamp: join(venv, ".stackyard-editable"),
    isThere: () => existsSync(venvProgram("stackyard")),
    digest: () => digestOf([devLock], [root, packageMetadata()]),
    make: () =>
      installPython("Installing Stackyard into .venv", ["--no-deps", "--no-build-isolation", "--editable", root]),
  },
  {
    name: "Node packages",
    stamp: join(nodeModules, ".stackyard-packages"),
    isThere: () => existsSync(join(nodeModules, "esbuild")),
    digest: () => digestOf([join(root, "package-lock.json")], [process.platform, process.arch]),
    make: () => mustRun("Installing the Node packages", "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]),
  },
  {
    name: "bundled/libs",
    stamp: join(bundledLibs, ".stackyard-libs"),
    isThere: () => existsSync(bundledLibs),
    digest: () => digestOf([bundleLock, join(root, "scripts", "bundle_libs.py")], [process.platform, process.arch]),
    make: () => mustRun("Filling bundled/libs", venvPython, [join(root, "scripts", "bundle_libs.py")]),
  },
  {
    name: "dist",
    stamp: join(dist, ".stackyard-build"),
    isThere: () => existsSync(join(dist, "extension.js")),
    digest: () =>
      digestOf([join(root, "extension", "src"), join(root, "scripts", "build.mjs"), join(root, "package-lock.json")]),
    make: async () => (await import("./build.mjs")).build(),
  },
];

function isDone(part) {
  return part.isThere() && isFresh(part.stamp, part.digest());
}

function checkNode() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new ScriptError(`Stackyard needs Node.js 20 or newer; this is ${process.version}.`);
}

/**
 * Sets up whatever is not up to date; several at once wait for each other.
 *
 * @param {object} [options]
 * @param {string[]} [options.without] parts that the caller has no use for, by name
 * @returns {Promise<void>}
 */
export async function setup({ without = [] } = {}) {
  checkNode();
  const wanted = parts.filter(({ name }) => !without.includes(name));
  if (wanted.every(isDone)) return;
  await withLock("setup", async () => {
    for (const part of wanted) {
      if (isDone(part)) continue;
      const start = Date.now();
      clearStamp(part.stamp);
      const digest = part.digest();
      await part.make();
      writeStamp(part.stamp, digest);
      process.stdout.write(`setup: ${part.name} (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
    }
  });
}

if (isMain(import.meta)) {
  await main(async () => {
    await setup();
    process.stdout.write("setup: ready\n");
  });
}
