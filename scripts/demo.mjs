/**
 * Shows what Stackyard does, from a fresh clone to a pipeline in VS Code:
 *
 *     npm run demo                 # sets up, runs examples/starter on a second stack, opens it in VS Code
 *     npm run demo -- --no-open    # ends after the run
 *
 * Everything it writes lies in `.demo/`: a Stackyard home, a copy of the starter project, a profile of VS Code. Nothing
 * of the user's is touched; delete the folder to begin again.
 */

import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, delimiter, join, relative } from "node:path";
import { parseArgs } from "node:util";

import { root, venvBin, venvProgram, venvPython } from "./lib/paths.mjs";
import { ScriptError, main, mustRun, run } from "./lib/run.mjs";
import { digestOf, isFresh, writeStamp } from "./lib/stamp.mjs";
import { buildPackage } from "./package.mjs";

const demo = join(root, ".demo");
const home = join(demo, "home");
const project = join(demo, "starter");
const profile = join(demo, "vscode");

// What a user's shell may have set must not steer the demo elsewhere.
for (const name of Object.keys(process.env)) if (/^STACKYARD_(?!VSCODE|PYTHON)/.test(name)) delete process.env[name];
const env = { STACKYARD_HOME: home };

/** Copies the starter project, again only when the original changed: what was tried out in the copy stays. */
function copyStarter() {
  const source = join(root, "examples", "starter");
  const stamp = join(demo, ".stackyard-starter");
  const digest = digestOf([source]);
  if (existsSync(project) && isFresh(stamp, digest)) return;
  const filter = (path) => !["__pycache__", ".stackyard", ".venv"].includes(basename(path));
  mkdirSync(demo, { recursive: true });
  cpSync(source, project, { recursive: true, filter });
  writeStamp(stamp, digest);
}

/** Shows a command as it would be typed, and runs it in the project. */
async function type(line, program, args) {
  process.stdout.write(`\n$ ${line}\n`);
  const { code } = await run(program, args, { cwd: project, env, show: true });
  if (code !== 0) throw new ScriptError(`The demo ends here: "${line}" ended with exit code ${code}.`);
}

async function stackyard(...args) {
  await type(["stackyard", ...args].join(" "), venvProgram("stackyard"), args);
}

/** Tells whether a stack or component of that name is registered already. */
async function isRegistered(noun, name) {
  const args = [noun, "list", "--json"];
  const listed = await mustRun(`Listing (${noun})`, venvProgram("stackyard"), args, { cwd: project, env });
  return JSON.parse(listed).items.some((item) => item.name === name);
}

/** The walk-through: a second stack with a store of its own, and the training pipeline on it. */
async function walkThrough() {
  if (!existsSync(join(project, ".stackyard"))) await stackyard("init");
  if (!(await isRegistered("artifact-store", "my_artifact_store"))) {
    await stackyard("artifact-store", "register", "my_artifact_store", "--flavor=local");
  }
  if (!(await isRegistered("stack", "a_new_local_stack"))) {
    await stackyard("stack", "register", "a_new_local_stack", "-o", "default", "-a", "my_artifact_store");
  }
  await stackyard("stack", "set", "a_new_local_stack");
  await type("python run.py --training-pipeline", venvPython, ["run.py", "--training-pipeline"]);
}

function isOnPath(program) {
  const names = process.platform === "win32" ? [`${program}.cmd`, `${program}.exe`] : [program];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.some((folder) =>
    names.some((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() === true),
  );
}

/** Tells whether a desktop VS Code can show a window here; it refuses to run for root. */
function hasDesktopCode() {
  if (!isOnPath("code")) return false;
  if (process.platform !== "linux") return true;
  const hasScreen = Boolean(process.env.DISPLAY ?? process.env.WAYLAND_DISPLAY);
  return hasScreen && process.getuid() !== 0;
}

/** Names the checkout's Python in the demo's own VS Code settings, unless the settings are there already. */
function writeSettings() {
  const file = join(profile, "user", "User", "settings.json");
  const settings = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  settings["stackyard.interpreter"] ??= venvPython;
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`);
}

async function openDesktop(vsix) {
  const own = ["--user-data-dir", join(profile, "user"), "--extensions-dir", join(profile, "extensions")];
  writeSettings();
  await mustRun("Installing the extension", "code", [...own, "--install-extension", vsix, "--force"], { env });
  await mustRun("Opening VS Code", "code", [...own, "--new-window", project], { env });
  process.stdout.write(
    "VS Code opens with the project, in a profile of its own. Look for Stackyard in the activity bar.\n",
  );
}

async function openServer(vsix) {
  if (process.platform !== "linux") {
    throw new ScriptError(
      "The run is done, but there is no VS Code to show it in: `code` is not on PATH. Install VS Code, choose\n" +
        "\"Shell Command: Install 'code' command in PATH\" in its command palette, then run `npm run demo` again.",
    );
  }
  process.stdout.write("No desktop VS Code here: starting a VS Code server for the browser instead.\n");
  const server = await run("bash", [join("scripts", "vscode", "get.sh")], { show: true });
  if (server.code !== 0)
    throw new ScriptError("The run is done, but the VS Code server could not be installed: see above.");
  const where = ["--folder", project, "--vsix", vsix, "--profile", profile];
  const variables = { ...env, PATH: `${venvBin}${delimiter}${process.env.PATH ?? ""}` };
  const pairs = Object.entries(variables).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const args = [join("scripts", "vscode", "open.mjs"), ...where, ...pairs];
  return (await run(process.execPath, args, { show: true })).code;
}

await main(async (args) => {
  let values;
  try {
    ({ values } = parseArgs({ args, options: { "no-open": { type: "boolean", default: false } } }));
  } catch (error) {
    throw new ScriptError(`${error.message}\nusage: npm run demo [-- --no-open]`);
  }
  const { vsix } = await buildPackage();
  process.stdout.write(`built ${relative(root, vsix)}\n`);
  copyStarter();
  await walkThrough();
  if (values["no-open"]) return 0;
  process.stdout.write("\n");
  return hasDesktopCode() ? openDesktop(vsix) : openServer(vsix);
});
