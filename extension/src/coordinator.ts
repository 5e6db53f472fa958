import type { Event } from "vscode";
import { RelativePattern, workspace } from "vscode";
import type { Deps } from "./commands/deps";
import { offerInstall } from "./commands/environment";
import { report } from "./commands/register";
import { mentionsStackyard } from "./model/mention";
import type { ServerPhase } from "./model/serverStatus";
import { READY_TIMEOUT_MS } from "./server/readiness";
import { DisposableBag } from "./util/disposable";
import type { ActiveStackStatusBar } from "./views/statusBar";
import type { ContextKeys } from "./vscode/context";
import { workspaceFolders } from "./vscode/workspace";

/** What makes a workspace one of Stackyard's. */
const PROJECT_MARKS = "{**/stackyard.yaml,.stackyard/*}";

/**
 * Says what follows from what: server, environment, interpreter and trust on one side, views and stores on the other.
 *
 * Invariant: nothing is started in a window that has nothing to do with Stackyard and in which nobody looks at its
 * views or calls its commands.
 */
export class Coordinator extends DisposableBag {
  private started = false;

  constructor(
    private readonly deps: Deps,
    private readonly statusBar: ActiveStackStatusBar,
    private readonly context: ContextKeys,
  ) {
    super();
    const { environment, interpreter, server, stores, views } = deps;
    this.on(server.onDidChangePhase, "Server", async (phase) => this.onPhase(phase));
    this.on(server.onDidChangeData, "Change", async (change) => stores.apply(change));
    this.track(
      stores.runs.onDidChange(() => {
        views.say(deps.status());
      }),
    );
    this.on(stores.pipelines.onDidChange, "Pipelines", async () => this.sayPipelineFiles());
    this.on(environment.onDidChange, "Environment", async () => this.onEnvironment());
    this.on(interpreter.onDidChange, "Interpreter", async () => this.onInterpreter());
    this.on(workspace.onDidGrantWorkspaceTrust, "Trust", async () => this.onTrust());
    this.track(
      workspace.onDidOpenTextDocument((document) => {
        if (isStackyards(document)) this.start();
      }),
    );
    views.onShown(() => {
      this.start();
    });
  }

  /** Starts the server if this window has anything to do with Stackyard. */
  begin(): void {
    this.later("Activation", async () => {
      await this.sayStatus();
      const isSeen = this.deps.views.isAnyVisible() || workspace.textDocuments.some(isStackyards);
      if (isSeen || (await isProject())) this.start();
    });
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    this.later("Start", async () => this.deps.server.ensureStarted());
  }

  private async onPhase(phase: ServerPhase): Promise<void> {
    const { environment, interpreter, server, stores, views } = this.deps;
    this.statusBar.show();
    if (phase.kind === "starting") {
      views.showProgress(server.settled(READY_TIMEOUT_MS));
      void interpreter.choose();
    }
    if (phase.kind !== "ready") {
      // What is known stays in sight until the next server answers; without one it would only look true.
      if (phase.kind !== "starting") stores.clear();
      views.sayRestarting(stores.stacks.peek() !== undefined);
      await this.context.update({ "stackyard.loaded": false });
      await this.sayStatus();
      return;
    }
    await this.sayStatus();
    // Chosen or granted while it started: too late for its initialisation options.
    await server.configure({ trusted: workspace.isTrusted, interpreter: interpreter.current()?.path ?? "" });
    const loaded = stores.refresh();
    views.showProgress(loaded);
    await Promise.all([loaded, environment.check()]);
    if (server.phase() !== phase) return; // it is gone again
    views.sayRestarting(false);
    await this.context.update({ "stackyard.loaded": true });
  }

  private async onEnvironment(): Promise<void> {
    await this.sayStatus();
    if (this.deps.status().serves) await offerInstall(this.deps);
  }

  private async onInterpreter(): Promise<void> {
    const { environment, interpreter, server } = this.deps;
    const { kind } = server.phase();
    // The server had no Python before: this one may do for it, too.
    if (kind === "noPython" || kind === "unusablePython") await server.restart();
    if (kind !== "ready") return;
    await server.configure({ interpreter: interpreter.current()?.path ?? "" });
    await environment.check();
  }

  private async onTrust(): Promise<void> {
    await this.deps.server.configure({ trusted: true });
    await this.deps.interpreter.choose();
    await this.deps.environment.check();
    await this.deps.stores.refresh();
  }

  private async sayStatus(): Promise<void> {
    const status = this.deps.status();
    this.statusBar.draw();
    this.deps.views.say(status);
    await this.context.update({
      "stackyard.status": status.kind,
      "stackyard.serves": status.serves,
      "stackyard.installHelps": status.remedy?.command === "stackyard.environment.install",
    });
  }

  private async sayPipelineFiles(): Promise<void> {
    const { pipelines } = this.deps.stores.pipelines.peek() ?? { pipelines: [] };
    await this.context.update({ "stackyard.pipelineFiles": [...new Set(pipelines.map(({ file }) => file))] });
  }

  private on<T>(event: Event<T>, what: string, reaction: (value: T) => Promise<void>): void {
    this.track(
      event((value) => {
        this.later(what, async () => reaction(value));
      }),
    );
  }

  /** Does something that nobody waits for; what goes wrong is told as for a command. */
  private later(what: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      report(what, error, this.deps.log);
    });
  }
}

function isStackyards(document: { languageId: string; uri: { scheme: string }; getText(): string }): boolean {
  const isCode = document.languageId === "python" || document.languageId === "yaml";
  return isCode && document.uri.scheme === "file" && mentionsStackyard(document.getText());
}

async function isProject(): Promise<boolean> {
  for (const folder of workspaceFolders()) {
    const found = await workspace.findFiles(new RelativePattern(folder, PROJECT_MARKS), null, 1);
    if (found.length > 0) return true;
  }
  return false;
}
