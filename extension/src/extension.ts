import type { ExtensionContext } from "vscode";
import { StackyardApi } from "./api";
import type { Deps } from "./commands/deps";
import { handlers } from "./commands/handlers";
import { registerCommands } from "./commands/register";
import { RunFollower } from "./commands/runFollower";
import { Coordinator } from "./coordinator";
import { type ExtensionStatus, statusOf } from "./model/serverStatus";
import { EnvironmentMonitor } from "./server/environment";
import { InterpreterChooser } from "./server/interpreter";
import { ServerLifecycle } from "./server/lifecycle";
import { ProjectFollower } from "./server/projectFollower";
import { PythonExtension } from "./server/pythonExtension";
import { whenReady } from "./server/readiness";
import { Stores } from "./stores/stores";
import { DisposableBag } from "./util/disposable";
import { CheckPages } from "./views/checkPages";
import { ExplanationPages } from "./views/explanationPages";
import { RunLogs } from "./views/runLogs";
import { ActiveStackStatusBar } from "./views/statusBar";
import { Views } from "./views/views";
import { ContextKeys } from "./vscode/context";
import { Dialogs } from "./vscode/dialogs";
import { createLog } from "./vscode/log";
import { UndoOffer } from "./vscode/statusBar";
import { ArtifactPanels } from "./webviews/artifact/panel";

/** What {@link activate} exports: the parts, for the tests that run inside the extension host. */
export interface StackyardExtension extends Deps {
  readonly statusBar: ActiveStackStatusBar;
}

/** VS Code calls {@link deactivate} without arguments, and waits only for what it returns. */
let running: ServerLifecycle | undefined;

/** Puts the parts together; nothing here waits for the server. */
export function activate(context: ExtensionContext): StackyardExtension {
  const bag = new DisposableBag();
  context.subscriptions.push(bag);
  const log = bag.track(createLog());
  const python = bag.track(new PythonExtension());
  const interpreter = bag.track(new InterpreterChooser(python, log));
  const server = bag.track(new ServerLifecycle(context.extensionPath, interpreter, log));
  const api = new StackyardApi(async (lost) => whenReady(server, status, lost));
  const environment = bag.track(new EnvironmentMonitor(api, interpreter, log));
  function status(): ExtensionStatus {
    return statusOf(server.phase(), environment.facts());
  }
  const stores = bag.track(new Stores(api));
  const deps: Deps = {
    api,
    stores,
    server,
    interpreter,
    python,
    environment,
    log,
    status,
    memento: context.workspaceState,
    views: bag.track(new Views(stores, api, () => status().serves)),
    logs: bag.track(new RunLogs(api, stores.runs)),
    panels: bag.track(new ArtifactPanels(context.extensionUri, api, log)),
    follower: bag.track(new RunFollower(api, stores.runs, log)),
    checkPages: bag.track(new CheckPages()),
    explanations: bag.track(new ExplanationPages(api)),
    dialogs: new Dialogs(),
    undo: bag.track(new UndoOffer()),
  };
  const statusBar = bag.track(new ActiveStackStatusBar(stores, status));
  bag.track(
    registerCommands(handlers(deps), log, () => {
      deps.views.stopReading();
    }),
  );
  bag.track(new ProjectFollower(server));
  bag.track(new Coordinator(deps, statusBar, new ContextKeys())).begin();
  running = server;
  return { ...deps, statusBar };
}

/** Ends the server before the extension host does; runs go on. */
export async function deactivate(): Promise<void> {
  await running?.stop();
}
