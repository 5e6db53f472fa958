/** Finding a CPython on this machine that Stackyard can use, and making the checkout's environment with it. */

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { venv, venvPython } from "./paths.mjs";
import { ScriptError, mustRun, run } from "./run.mjs";

const oldest = [3, 10];
const newest = [3, 14];

const probe = [
  "import importlib.util as u, json, platform, sys",
  "ok = all(u.find_spec(name) for name in ('venv', 'ensurepip'))",
  "print(json.dumps([platform.python_implementation(), *sys.version_info[:2], bool(ok), sys.executable]))",
].join("; ");

function* candidates() {
  if (process.env.STACKYARD_PYTHON) {
    yield process.env.STACKYARD_PYTHON;
    return;
  }
  yield "python3";
  if (process.platform === "win32") yield "python";
  for (let minor = newest[1]; minor >= oldest[1]; minor -= 1) yield `python3.${minor}`;
  const pyenv = join(homedir(), ".pyenv", "versions");
  if (!existsSync(pyenv)) return;
  for (const name of readdirSync(pyenv).sort().reverse()) yield join(pyenv, name, "bin", "python3");
}

/** Returns what a Python says of itself, or undefined if it does not start or is no CPython that serves. */
async function look(command) {
  const { code, output } = await run(command, ["-c", probe], { timeoutMs: 180_000 });
  if (code !== 0) return undefined;
  try {
    const [implementation, major, minor, canMakeVenv, executable] = JSON.parse(output.trim().split("\n").at(-1));
    const serves = implementation === "CPython" && major === 3 && minor >= oldest[1] && minor <= newest[1];
    return { version: `${major}.${minor}`, serves, canMakeVenv, executable };
  } catch {
    return undefined;
  }
}

async function find() {
  const seen = [];
  let withoutVenv;
  for (const command of candidates()) {
    const found = await look(command);
    if (found === undefined) continue;
    seen.push(`${found.version} (${found.executable})`);
    if (found.serves && found.canMakeVenv) return found;
    if (found.serves) withoutVenv ??= found;
  }
  if (withoutVenv !== undefined) return withoutVenv;
  throw new ScriptError(
    `Stackyard needs CPython ${oldest.join(".")} to ${newest.join(".")}; found: ${seen.join(", ") || "no Python at all"}.\n` +
      "Install one (on Debian and Ubuntu: apt-get install -y python3 python3-venv), or name one in STACKYARD_PYTHON.",
  );
}

/** Installs what Debian and Ubuntu keep apart from Python itself: the means to make an environment. */
async function installVenvModule(python) {
  const command = "apt-get install -y python3-venv";
  const isRoot = process.getuid?.() === 0;
  const hint = `${python.executable} (${python.version}) cannot make environments: its modules venv and ensurepip are missing.`;
  if (!isRoot || !existsSync("/usr/bin/apt-get")) {
    throw new ScriptError(`${hint}\nInstall them, then try again. On Debian and Ubuntu: sudo ${command}`);
  }
  process.stdout.write(`${hint} Installing them: ${command}\n`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await mustRun("Installing python3-venv", "apt-get", ["install", "-y", "python3-venv"], { env });
  if (!(await look(python.executable))?.canMakeVenv) {
    throw new ScriptError(
      `${hint} python3-venv did not help: it is for another Python. Name that one in STACKYARD_PYTHON.`,
    );
  }
}

/** Makes `.venv`, unless one that works is there. */
export async function ensureVenv() {
  if (existsSync(venvPython)) {
    const found = await look(venvPython);
    if (found?.serves) return;
    process.stdout.write(".venv is broken or of a Python that does not serve: making it anew\n");
  }
  const python = await find();
  if (!python.canMakeVenv) await installVenvModule(python);
  process.stdout.write(`making .venv with Python ${python.version} (${python.executable})\n`);
  await mustRun("Making .venv", python.executable, ["-m", "venv", "--clear", venv]);
}
