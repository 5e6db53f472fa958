/**
 * The VS Code server: a profile folder, extensions, the server process.
 *
 * A profile is one folder that holds everything a run of VS Code writes: user data, extensions, the
 * XDG folders and the browser's profile. Nothing outside it is touched.
 */
import { execFile, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Where get.sh installs when it is given no folder. */
export function installationDir() {
  const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
  return path.resolve(process.env.STACKYARD_VSCODE_DIR || path.join(cache, "stackyard", "vscode"));
}

/** Path of a program that get.sh installed; the error names the command that installs it. */
export function program(name) {
  const file = path.join(installationDir(), "bin", name);
  if (!fs.existsSync(file)) {
    throw new Error(`${name} is not installed in ${installationDir()}. Run: scripts/vscode/get.sh`);
  }
  return file;
}

/** Settings that keep the workbench quiet, off the network and without motion. */
export const QUIET_SETTINGS = {
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.tips.enabled": false,
  "workbench.enableExperiments": false,
  "workbench.settings.enableNaturalLanguageSearch": false,
  "chat.disableAIFeatures": true,
  "chat.commandCenter.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": "off",
  "extensions.ignoreRecommendations": true,
  "remote.autoForwardPorts": false,
  "git.openRepositoryInParentFolders": "never",
  "files.simpleDialog.enable": true,
  "window.dialogStyle": "custom",
};

/** What a test needs on top: text that can be read from the page, and no waiting for animations. */
export const TEST_SETTINGS = {
  ...QUIET_SETTINGS,
  "workbench.reduceMotion": "on",
  "workbench.hover.delay": 100,
  "editor.hover.delay": 100,
  "editor.accessibilitySupport": "off",
  "terminal.integrated.gpuAcceleration": "off", // the renderer whose text is in the page
};

const THEMES = { dark: "Dark Modern", light: "Light Modern" };

/** The setting that selects a colour theme, `light` or `dark`. */
export function themeSettings(theme) {
  if (!THEMES[theme]) throw new Error(`no such theme: ${theme} (light or dark)`);
  return { "workbench.colorTheme": THEMES[theme], "window.autoDetectColorScheme": false };
}

/** Makes (or completes) a profile folder; settings of an existing profile are kept. */
export function prepareProfile(profile, settings = QUIET_SETTINGS) {
  for (const dir of ["user/User", "extensions", "xdg", "chromium"]) {
    fs.mkdirSync(path.join(profile, dir), { recursive: true });
  }
  const file = settingsFile(profile);
  if (!fs.existsSync(file)) fs.writeFileSync(file, `${JSON.stringify(settings, null, 2)}\n`);
  fs.writeFileSync(path.join(profile, "config.yaml"), "auth: none\ncert: false\n");
  return profile;
}

/** A throw-away profile for one test file. */
export function makeProfile({ settings = {}, theme = "dark" } = {}) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "stackyard-vscode-"));
  return prepareProfile(profile, { ...TEST_SETTINGS, ...themeSettings(theme), ...settings });
}

/** The user settings file; VS Code follows changes to it while it runs. */
export function settingsFile(profile) {
  return path.join(profile, "user", "User", "settings.json");
}

/** Changes user settings on disk, as a user would by hand. */
export function changeSettings(profile, changes) {
  const file = settingsFile(profile);
  const settings = { ...JSON.parse(fs.readFileSync(file, "utf8")), ...changes };
  fs.writeFileSync(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`);
  fs.renameSync(`${file}.new`, file);
}

/** Removes a profile; an extension host that is ending may still write to it for a moment. */
export function removeProfile(profile) {
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });
}

function profileArgs(profile) {
  return [
    "--config",
    path.join(profile, "config.yaml"),
    "--user-data-dir",
    path.join(profile, "user"),
    "--extensions-dir",
    path.join(profile, "extensions"),
  ];
}

function serverEnv(profile, extra = {}) {
  const xdg = path.join(profile, "xdg");
  const env = {
    ...process.env,
    EXTENSIONS_GALLERY: "{}", // no look-ups in an extension gallery
    XDG_CONFIG_HOME: xdg,
    XDG_DATA_HOME: xdg,
    XDG_CACHE_HOME: xdg,
    XDG_RUNTIME_DIR: xdg,
  };
  // A server started from a terminal of VS Code, or from npm, must not take itself for a part of it.
  for (const key of Object.keys(env)) {
    if (/^(VSCODE_|npm_)/.test(key) || ["PORT", "PASSWORD", "NODE_OPTIONS", "INIT_CWD"].includes(key)) delete env[key];
  }
  // As if started from this terminal: its environment counts, no login shell is asked for another one.
  return { ...env, VSCODE_CLI: "1", ...extra };
}

/** Installs a .vsix into the profile. */
export async function installVsix(profile, vsix) {
  if (!fs.existsSync(vsix)) throw new Error(`no such .vsix: ${vsix}`);
  const args = [...profileArgs(profile), "--install-extension", path.resolve(vsix), "--force"];
  const { stdout } = await run(program("code-server"), args, { env: serverEnv(profile), timeout: 300_000 });
  return stdout;
}

/** Puts an unpacked extension into a profile that no server has used yet. */
export function copyExtension(profile, folder) {
  fs.cpSync(folder, path.join(profile, "extensions", path.basename(folder)), { recursive: true });
}

/**
 * Starts the server on loopback and resolves once it listens (1 to 2 s).
 *
 * @param {string} profile The profile folder.
 * @param {object} [options]
 * @param {number} [options.port] 0: any free port.
 * @param {boolean} [options.trust] Ask for trust in a workspace; otherwise every folder is trusted.
 * @param {boolean} [options.development] Obey extensionDevelopmentPath and extensionTestsPath in the
 *   page's address. It also hides notification toasts and modal editors.
 * @param {Record<string, string>} [options.env] Added to the server's environment, which extensions inherit.
 */
export async function startServer(profile, { port = 0, trust = false, development = false, env = {} } = {}) {
  const logFile = path.join(profile, "server.log");
  const log = fs.createWriteStream(logFile, { flags: "a" });
  const args = [
    ...profileArgs(profile),
    "--auth",
    "none",
    "--bind-addr",
    `127.0.0.1:${port}`,
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-getting-started-override",
    "--ignore-last-opened",
  ];
  if (!trust) args.push("--disable-workspace-trust");
  if (development) args.push("--vscode-option", "enable-smoke-test-driver");
  const child = spawn(program("code-server"), args, {
    env: serverEnv(profile, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const url = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`the VS Code server did not listen within 240 s; its log: ${logFile}`));
    }, 240_000);
    const look = (chunk) => {
      log.write(chunk);
      const match = /HTTP server listening on (http:\/\/[\d.:]+)/.exec(String(chunk));
      if (match) {
        clearTimeout(timer);
        resolve(match[1]);
      }
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`the VS Code server ended with exit code ${code}; its log: ${logFile}`));
    });
  });
  return new Server(child, exited, url.replace(/\/$/, ""));
}

class Server {
  constructor(child, exited, url) {
    this.child = child;
    this.exited = exited;
    this.url = url;
    this.port = Number(new URL(url).port);
  }

  /** The workbench's address for a folder; `payload` holds the workbench's own start-up options. */
  address(folder, payload = {}) {
    const remote = (value) => (value.startsWith("/") ? `vscode-remote://127.0.0.1:${this.port}${value}` : value);
    const pairs = Object.entries(payload).map(([key, value]) => [key, remote(String(value))]);
    const query = new URLSearchParams({ folder });
    if (pairs.length > 0) query.set("payload", JSON.stringify(pairs));
    return `${this.url}/?${query.toString().replaceAll("%2F", "/")}`;
  }

  /** Ends the server, which ends its extension hosts; the last of them are gone within seconds. */
  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGTERM");
      const timer = setTimeout(() => this.child.kill("SIGKILL"), 5_000);
      await this.exited;
      clearTimeout(timer);
    }
  }
}
