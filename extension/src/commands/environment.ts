import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { workspace } from "vscode";
import { packageOf, pipInstall } from "../model/packages";
import { shortPath } from "../model/pipelines";
import type { Interpreter, InterpreterSource } from "../server/interpreter";
import { interpreterSetting, setInterpreterSetting } from "../server/settings";
import { CancelledError, ExpectedError } from "../util/errors";
import { chooseFile, runInTerminal } from "../vscode/editors";
import { withNotification } from "../vscode/progress";
import { type Choice, pick } from "../vscode/quickPick";
import { flash } from "../vscode/statusBar";
import { toast } from "../vscode/toast";
import { workspaceFolders } from "../vscode/workspace";
import type { Deps } from "./deps";

const SOURCES: Readonly<Record<InterpreterSource, string>> = {
  setting: "set in the settings",
  "python extension": "chosen in the Python extension",
  "virtual environment": "virtual environment of the workspace",
  path: "found on PATH",
};

/** Installs Stackyard into the user's environment, from the wheel that the extension brings. */
export async function installStackyard(deps: Deps): Promise<void> {
  const interpreter = chosenInterpreter(deps);
  const name = shortPath(interpreter.path, workspaceFolders());
  const result = await withNotification(`Installing Stackyard into ${name}`, false, async () =>
    deps.api.install(interpreter.path),
  );
  deps.log.info(result.output);
  await deps.environment.check();
  void toast("information", `Stackyard ${result.stackyard} is installed for ${name}.`);
}

/** Installs what a failed import asked for, in a terminal where the user sees it happen. */
export async function installModule(deps: Deps, module: unknown, file: unknown): Promise<void> {
  if (typeof module !== "string" || !/^\w+$/.test(module)) return;
  if (module === "stackyard") {
    await installStackyard(deps);
    return;
  }
  const interpreter = chosenInterpreter(deps);
  const requirements = typeof file === "string" ? join(dirname(file), "requirements.txt") : "";
  const args = requirements !== "" && existsSync(requirements) ? ["-r", requirements] : [packageOf(module)];
  runInTerminal("Stackyard: install", pipInstall(interpreter.path, process.platform, ...args));
}

/** Lets the user choose the interpreter for runs. */
export async function selectInterpreter(deps: Deps): Promise<void> {
  const current = deps.interpreter.current()?.path;
  const found = await deps.interpreter.all();
  const rows: Choice<"browse" | "automatic" | Interpreter>[] = [
    ...found.map((one) => ({
      label: `${one.path === current ? "$(check)" : "$(circle-outline)"} ${shortPath(one.path, workspaceFolders())}`,
      description: SOURCES[one.source],
      value: one,
    })),
    { label: "$(folder-opened) Browse…", description: "choose a python executable", value: "browse" },
  ];
  if (interpreterSetting() !== "") {
    rows.push({ label: "$(discard) Choose automatically", description: "remove the setting", value: "automatic" });
  }
  const choice = await pick(rows, {
    title: "Select Interpreter",
    placeholder: "The Python that pipelines run in",
    focus: Math.max(
      0,
      found.findIndex((one) => one.path === current),
    ),
  });
  await setInterpreterSetting(await settingFor(choice));
  await deps.interpreter.choose();
  await deps.server.ensureStarted();
  if (deps.server.phase().kind !== "ready") await deps.server.restart();
  await deps.environment.check();
  const chosen = deps.interpreter.current();
  if (chosen !== undefined) flash(`$(check) Pipelines run in ${shortPath(chosen.path, workspaceFolders())}.`);
}

/** Says once for each environment that code there can't import Stackyard. */
export async function offerInstall(deps: Deps): Promise<void> {
  const facts = deps.environment.facts();
  const interpreter = deps.interpreter.current();
  if (facts.kind !== "usable" || facts.importable || interpreter === undefined || !workspace.isTrusted) return;
  const { pipelines } = await deps.stores.pipelines.get();
  const key = `stackyard.offeredInstall:${interpreter.path}`;
  if (pipelines.length === 0 || deps.memento.get(key) === true) return;
  await deps.memento.update(key, true);
  const name = shortPath(interpreter.path, workspaceFolders());
  const message =
    `Stackyard is not installed for ${name} (Python ${facts.python}). ` +
    "Runs started here use the extension's own copy; scripts and other tools can't import it.";
  void toast("information", message, { title: "Install Stackyard", command: "stackyard.environment.install" });
}

async function settingFor(choice: "browse" | "automatic" | Interpreter): Promise<string> {
  if (choice === "automatic") return "";
  if (choice !== "browse") return choice.path;
  const file = await chooseFile("Select a Python executable");
  if (file === undefined) throw new CancelledError();
  return file;
}

function chosenInterpreter(deps: Deps): Interpreter {
  if (!workspace.isTrusted) {
    throw new ExpectedError("Nothing is installed in a workspace that you do not trust.", "", {
      title: "Manage Workspace Trust",
      command: "workbench.trust.manage",
    });
  }
  const interpreter = deps.interpreter.current();
  if (interpreter !== undefined) return interpreter;
  throw new ExpectedError("There is no Python environment to install into.", "", {
    title: "Select Interpreter",
    command: "stackyard.interpreter.select",
  });
}
