/**
 * Builds the extension: `dist/extension.js` for VS Code's extension host, and one script for each webview.
 *
 *     npm run build            # once
 *     npm run dev              # again at every change
 *
 * What is built is what the tests run and what the .vsix ships: there is no second, "production" way.
 */

import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

import { dist, root } from "./lib/paths.mjs";
import { ScriptError, isMain, main } from "./lib/run.mjs";

const sources = join(root, "extension", "src");

function webviewEntries() {
  const folder = join(sources, "webviews");
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, "app", "main.ts")));
  return Object.fromEntries(names.map((name) => [name, join(folder, name, "app", "main.ts")]));
}

function settings() {
  const common = {
    bundle: true,
    minify: true,
    keepNames: true,
    sourcemap: true,
    logLevel: "warning",
    legalComments: "none",
  };
  const all = [
    {
      ...common,
      entryPoints: [join(sources, "extension.ts")],
      outfile: join(dist, "extension.js"),
      platform: "node",
      format: "cjs",
      target: "node20",
      external: ["vscode"],
    },
  ];
  const entryPoints = webviewEntries();
  if (Object.keys(entryPoints).length > 0) {
    all.push({
      ...common,
      entryPoints,
      outdir: join(dist, "webviews"),
      platform: "browser",
      format: "iife",
      target: "es2022",
    });
  }
  return all;
}

/** Builds everything once. */
export async function build() {
  const { build: esbuild } = await import("esbuild");
  try {
    await Promise.all(settings().map((one) => esbuild(one)));
  } catch (error) {
    throw new ScriptError(`The extension does not build: ${error.message}`);
  }
}

/**
 * Builds test files, each for itself, so that a plain mocha can run them.
 *
 * @param {string[]} entryPoints the test files, TypeScript
 * @param {string} outdir where the JavaScript goes
 * @returns {Promise<void>}
 */
export async function buildTests(entryPoints, outdir) {
  const { build: esbuild } = await import("esbuild");
  try {
    await esbuild({
      entryPoints,
      outdir,
      outbase: join(root, "extension", "test"),
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      external: ["vscode", "mocha"],
      outExtension: { ".js": ".cjs" },
      sourcemap: "inline",
      logLevel: "warning",
    });
  } catch (error) {
    throw new ScriptError(`The tests of the extension do not build: ${error.message}`);
  }
}

async function watch() {
  const { context } = await import("esbuild");
  const report = {
    name: "report",
    setup: (one) =>
      one.onEnd(({ errors }) => console.log(`${new Date().toLocaleTimeString()} ${errors.length} errors`)),
  };
  for (const one of settings()) {
    const watched = await context({ ...one, plugins: [report] });
    await watched.watch();
  }
  console.log(`watching ${relative(root, sources)}; reload the VS Code window to see a change; Ctrl-C ends`);
  await new Promise(() => {});
}

if (isMain(import.meta)) {
  await main(async (args) => {
    const { setup } = await import("./setup.mjs");
    await setup({ without: ["bundled/libs", "dist"] });
    if (args.includes("--watch")) await watch();
    else await build();
  });
}
