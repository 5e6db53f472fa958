/** What a test of the extension starts from: a fresh home, a copied project, the built .vsix, a shell. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { childEnv, out, root, venvProgram } from "../../scripts/lib/paths.mjs";
import { PATIENCE_MS } from "../../scripts/vscode/ui/attempts.mjs";

const run = promisify(execFile);

/** Where screenshots and logs of failures are kept. */
export const KEPT = path.join(out, "e2e");

/** A folder of its own with a home, and copies of projects. */
export class Scratch {
  /** @param {string} [dir] A folder to use, made anew; else a fresh one. */
  constructor(dir) {
    if (dir) {
      fs.rmSync(dir, { recursive: true, force: true });
      fs.mkdirSync(dir, { recursive: true });
    }
    this.dir = dir ?? fs.mkdtempSync(path.join(os.tmpdir(), "stackyard-e2e-"));
    this.home = path.join(this.dir, "home");
    /** For the server and every shell: as if started from a terminal with the environment activated. */
    this.env = { STACKYARD_HOME: this.home, PATH: childEnv().PATH };
  }

  /** Copies a folder of the repository, without what earlier runs left in it. */
  copyProject(source, name = path.basename(source)) {
    const target = path.join(this.dir, name);
    fs.cpSync(path.resolve(root, source), target, {
      recursive: true,
      filter: (file) => ![".stackyard", "__pycache__", ".venv"].includes(path.basename(file)),
    });
    return target;
  }

  /** An empty project folder. */
  makeFolder(name) {
    const folder = path.join(this.dir, name);
    fs.mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Runs `stackyard` as a user does in a shell and returns its standard output. */
  async stackyard(cwd, ...args) {
    const { stdout } = await run(venvProgram("stackyard"), args, {
      cwd,
      env: childEnv(this.env),
      timeout: 300_000,
      maxBuffer: 16_000_000,
    });
    return stdout;
  }

  /** The same with `--json`, parsed. */
  async json(cwd, ...args) {
    return JSON.parse(await this.stackyard(cwd, ...args, "--json"));
  }

  remove() {
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
  }
}

/** The .vsix under test: $STACKYARD_VSIX, which run.mjs sets, else the newest in out/. */
export function builtVsix() {
  if (process.env.STACKYARD_VSIX) return path.resolve(process.env.STACKYARD_VSIX);
  const found = (fs.existsSync(out) ? fs.readdirSync(out) : [])
    .filter((name) => name.endsWith(".vsix"))
    .map((name) => path.join(out, name))
    .sort((a, b) => fs.statSync(b).mtimeMs - fs.statSync(a).mtimeMs);
  if (found.length === 0) throw new Error(`no .vsix in ${out}. Run: npm run package`);
  return found[0];
}

/** Thrown by a probe: waiting longer is of no use. */
export class Hopeless extends Error {}

/** Polls until `probe` returns something truthy; the error says what was seen last. */
export async function eventually(what, probe, { timeout = PATIENCE_MS, every = 100 } = {}) {
  const deadline = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      throw new Error(
        `within ${timeout} ms not: ${what}; last seen: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** Writes the counts that the task runner adds up, if it asked for them. */
export function writeResults(passed, failed) {
  if (process.env.RESULTS_FILE) fs.writeFileSync(process.env.RESULTS_FILE, `${JSON.stringify({ passed, failed })}\n`);
}

/** Copies what explains a failure: the server's and the extension host's logs. */
export function keepLogs(profile, target) {
  fs.rmSync(target, { recursive: true, force: true });
  fs.mkdirSync(target, { recursive: true });
  fs.cpSync(path.join(profile, "user", "logs"), path.join(target, "logs"), { recursive: true, force: true });
  fs.cpSync(path.join(profile, "server.log"), path.join(target, "server.log"));
}
