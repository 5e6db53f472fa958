import type { ExtensionContext, LogOutputChannel } from "vscode";
import type { StackyardApi } from "../api";
import type { ExtensionStatus } from "../model/serverStatus";
import type { EnvironmentMonitor } from "../server/environment";
import type { InterpreterChooser } from "../server/interpreter";
import type { ServerLifecycle } from "../server/lifecycle";
import type { PythonExtension } from "../server/pythonExtension";
import type { Stores } from "../stores/stores";
import type { RunLogs } from "../views/runLogs";
import type { Views } from "../views/views";
import type { CheckPages } from "../views/checkPages";
import type { ExplanationPages } from "../views/explanationPages";
import type { ArtifactPanels } from "../webviews/artifact/panel";
import type { Dialogs } from "../vscode/dialogs";
import type { UndoOffer } from "../vscode/statusBar";
import type { RunFollower } from "./runFollower";

/** What commands work with. */
export interface Deps {
  readonly api: StackyardApi;
  readonly stores: Stores;
  readonly server: ServerLifecycle;
  readonly interpreter: InterpreterChooser;
  readonly python: PythonExtension;
  readonly environment: EnvironmentMonitor;
  readonly views: Views;
  readonly logs: RunLogs;
  readonly panels: ArtifactPanels;
  readonly follower: RunFollower;
  readonly checkPages: CheckPages;
  readonly explanations: ExplanationPages;
  readonly dialogs: Dialogs;
  readonly undo: UndoOffer;
  readonly log: LogOutputChannel;
  readonly memento: ExtensionContext["workspaceState"];
  readonly status: () => ExtensionStatus;
}
