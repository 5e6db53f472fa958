import { realpath } from "node:fs/promises";
import { dirname } from "node:path";
import type { LogOutputChannel } from "vscode";
import { EventEmitter, workspace } from "vscode";
import { environmentsIn, pythonsOnPath } from "../model/pythons";
import { Coalesced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";
import { messageOf } from "../util/errors";
import { activeFolder, workspaceFolders } from "../vscode/workspace";
import { isExecutable, liesIn } from "./probe";
import type { PythonExtension } from "./pythonExtension";
import { SECTION, interpreterSetting } from "./settings";

/** Who chose an interpreter. */
export type InterpreterSource = "setting" | "python extension" | "virtual environment" | "path";

/** The user's interpreter: runs happen in it. */
export interface Interpreter {
  readonly path: string;
  readonly source: InterpreterSource;
}

/**
 * Chooses the interpreter for runs. In this order:
 *
 * 1. the setting `stackyard.interpreter`;
 * 2. the Python extension's choice, if that extension is installed;
 * 3. `.venv`, then `venv`, of the folder, if the workspace is trusted;
 * 4. `python3` on PATH (`python` on Windows).
 *
 * In an untrusted workspace nothing that lies in it, or is a link into it, is chosen.
 */
export class InterpreterChooser extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<Interpreter | undefined>());

  /** Another interpreter was chosen, or the last one is gone. */
  readonly onDidChange = this.changed.event;

  private chosen: Interpreter | undefined;

  private readonly choosing = new Coalesced(async () => this.chooseOnce());

  constructor(
    private readonly python: PythonExtension,
    private readonly log: LogOutputChannel,
  ) {
    super();
    const again = (): void => void this.choose();
    this.track(python.onDidChange(again));
    this.track(workspace.onDidGrantWorkspaceTrust(again));
    this.track(workspace.onDidChangeWorkspaceFolders(again));
    this.track(
      workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration(`${SECTION}.interpreter`)) again();
      }),
    );
    const environments = this.track(
      workspace.createFileSystemWatcher("**/{.venv,venv}/pyvenv.cfg", false, true, false),
    );
    this.track(environments.onDidCreate(again));
    this.track(environments.onDidDelete(again));
  }

  /** The interpreter chosen last. */
  current(): Interpreter | undefined {
    return this.chosen;
  }

  /** Chooses again; afterwards {@link current} is up to date. */
  async choose(): Promise<void> {
    return this.choosing.run();
  }

  /** Every interpreter that could be chosen, in order, each once whatever its names are. */
  async all(): Promise<Interpreter[]> {
    const found = new Map<string, Interpreter>();
    for await (const candidate of this.candidates()) {
      const identity = await identityOf(candidate.path);
      if (!found.has(identity)) found.set(identity, candidate);
    }
    return [...found.values()];
  }

  private async chooseOnce(): Promise<void> {
    const before = this.chosen;
    this.chosen = await this.first();
    if (before?.path === this.chosen?.path && before?.source === this.chosen?.source) return;
    const what = this.chosen === undefined ? "none" : `${this.chosen.path} (${this.chosen.source})`;
    this.log.info(`Interpreter for runs: ${what}`);
    this.changed.fire(this.chosen);
  }

  private async first(): Promise<Interpreter | undefined> {
    // What the user set is taken at its word: a wrong path is named by the check, not passed over.
    const setting = interpreterSetting();
    if (setting !== "" && (await this.isAllowed(setting))) return { path: setting, source: "setting" };
    for await (const candidate of this.candidates()) return candidate;
    return undefined;
  }

  private async *candidates(): AsyncGenerator<Interpreter> {
    for await (const candidate of this.unchecked()) {
      if ((await isExecutable(candidate.path)) && (await this.isAllowed(candidate.path))) yield candidate;
    }
  }

  private async *unchecked(): AsyncGenerator<Interpreter> {
    const setting = interpreterSetting();
    if (setting !== "") yield { path: setting, source: "setting" };
    const folder = activeFolder();
    const choice = await this.pythonExtensionsChoice(folder);
    if (choice !== undefined) yield { path: choice, source: "python extension" };
    const folders = new Set(folder === undefined ? [] : [folder, ...workspaceFolders()]);
    for (const one of folders) {
      for (const path of environmentsIn(one, process.platform)) yield { path, source: "virtual environment" };
    }
    for (const path of pythonsOnPath(process.env["PATH"] ?? "", process.platform, workspaceFolders())) {
      yield { path, source: "path" };
    }
  }

  private async isAllowed(path: string): Promise<boolean> {
    return workspace.isTrusted || !(await liesIn(workspaceFolders(), path));
  }

  private async pythonExtensionsChoice(folder: string | undefined): Promise<string | undefined> {
    try {
      return await this.python.choice(folder);
    } catch (error) {
      this.log.warn(`The Python extension did not say which interpreter it uses: ${messageOf(error)}`);
      return undefined;
    }
  }
}

/** `python` and `python3` of a folder are one; those of two environments are two, even with the same base. */
async function identityOf(path: string): Promise<string> {
  const real = async (one: string): Promise<string> => realpath(one).catch(() => one);
  return `${await real(dirname(path))}:${await real(path)}`;
}
