/**
 * Builds Stackyard's wheel and the .vsix of one platform into `out/`.
 *
 *     npm run package                             # this platform
 *     npm run package -- --target darwin-arm64    # another one
 *
 * The .vsix is packed from a staging folder, so the checkout stays as it is. Inside it:
 *
 *     package.json README.md CHANGELOG.md LICENSE resources/ docs/images/ (what the README shows)
 *     dist/                 the built extension
 *     bundled/tool/         the language server's start and the driver's
 *     bundled/libs/         what they run on: third parties' packages and Stackyard's own, unpacked
 *     bundled/wheels/       Stackyard's wheel, for "Install Stackyard Into This Environment"
 *
 * The last line printed is the path of the .vsix.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { parseArgs } from "node:util";

import { withLock } from "./lib/lock.mjs";
import { bundledLibs, dist, nodeModules, out, root, venvPython } from "./lib/paths.mjs";
import { ScriptError, isMain, main, mustRun } from "./lib/run.mjs";
import { clearStamp, digestOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { buildWheel } from "./lib/wheel.mjs";
import { setup } from "./setup.mjs";

const targets = ["linux-x64", "linux-arm64", "alpine-x64", "darwin-arm64", "darwin-x64", "win32-x64"];
const bundleScript = join(root, "scripts", "bundle_libs.py");

/** Returns the target of this machine. */
export function hostTarget() {
  const isMusl = process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime === undefined;
  return `${isMusl ? "alpine" : process.platform}-${process.arch}`;
}

function manifest() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

/** Returns the manifest as it ships: without what only a checkout has a use for. */
function shippedManifest() {
  const { scripts: _scripts, devDependencies: _dev, dependencies: _bundled, private: _private, ...rest } = manifest();
  return `${JSON.stringify(rest, undefined, 2)}\n`;
}

/** Returns the pictures that the README shows, as paths relative to the checkout. */
function readmeImages() {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const links = [...text.matchAll(/!\[[^\]]*\]\(([^)\s]+)/g), ...text.matchAll(/<img[^>]+src="([^"]+)"/g)];
  return [...new Set(links.map(([, link]) => link))].filter((link) => !link.includes("://"));
}

/** Returns the folder with the bundled packages of a target, made first if it is not this machine's. */
async function libsOf(target) {
  if (target === hostTarget()) return bundledLibs;
  const folder = join(out, "libs", target);
  const stamp = join(folder, ".stackyard-libs");
  const digest = digestOf([bundleScript, join(root, "requirements", "bundle.lock")], [target]);
  if (!isFresh(stamp, digest)) {
    await mustRun(`Bundling for ${target}`, venvPython, [bundleScript, "--platform", target, "--dest", folder]);
    writeStamp(stamp, digest);
  }
  return folder;
}

async function stage(folder, libs, wheel) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const filter = (path) => !["__pycache__", ".stackyard-libs", ".stackyard-build"].includes(basename(path));
  const copy = (from, to) => {
    if (existsSync(from)) cpSync(from, join(folder, to), { recursive: true, filter });
  };
  const files = ["README.md", "CHANGELOG.md", "LICENSE", ".vscodeignore", "resources", ...readmeImages()];
  for (const name of files) copy(join(root, name), name);
  copy(dist, "dist");
  copy(join(root, "bundled", "tool"), join("bundled", "tool"));
  copy(libs, join("bundled", "libs"));
  copy(wheel, join("bundled", "wheels", basename(wheel)));
  writeFileSync(join(folder, "package.json"), shippedManifest());
  const unpack = ["-m", "zipfile", "-e", wheel, join(folder, "bundled", "libs")];
  await mustRun("Unpacking the wheel", venvPython, unpack);
}

/**
 * Builds the .vsix of a target, unless it is there and nothing changed.
 *
 * @returns {Promise<{vsix: string, wheel: string}>} the paths of both files
 */
export async function buildPackage(target = hostTarget()) {
  if (!targets.includes(target)) {
    throw new ScriptError(`There is no .vsix for ${target}. Targets: ${targets.join(", ")}`);
  }
  await setup();
  return withLock("package", async () => {
    const wheel = await buildWheel();
    const libs = await libsOf(target);
    const vsix = join(out, `stackyard-${target}-${manifest().version}.vsix`);
    const stamp = join(out, `.stackyard-vsix-${target}`);
    const made = [dist, join(root, "bundled", "tool"), join(libs, ".stackyard-libs"), wheel];
    const texts = ["package.json", "README.md", "CHANGELOG.md", "LICENSE", ".vscodeignore", "resources"];
    const sources = [...made, ...[...texts, ...readmeImages()].map((name) => join(root, name)), import.meta.filename];
    const digest = digestOf(sources);
    if (existsSync(vsix) && isFresh(stamp, digest)) return { vsix, wheel };
    clearStamp(stamp);
    const folder = join(out, "stage", target);
    await stage(folder, libs, wheel);
    const vsce = join(nodeModules, "@vscode", "vsce", "vsce");
    const options = ["--no-dependencies", "--no-rewrite-relative-links", "--target", target, "--out", vsix];
    await mustRun("Packing the .vsix", process.execPath, [vsce, "package", ...options], { cwd: folder });
    rmSync(folder, { recursive: true, force: true });
    writeStamp(stamp, digest);
    return { vsix, wheel };
  });
}

if (isMain(import.meta)) {
  await main(async (args) => {
    let values;
    try {
      ({ values } = parseArgs({ args, options: { target: { type: "string" } } }));
    } catch (error) {
      throw new ScriptError(`${error.message}\nusage: npm run package [-- --target ${targets.join("|")}]`);
    }
    const { vsix, wheel } = await buildPackage(values.target);
    process.stdout.write(`${relative(root, wheel)}\n${relative(root, vsix)}\n`);
  });
}
