import type { LogOutputChannel } from "vscode";
import { EventEmitter, workspace } from "vscode";
import type { Connection } from "../api";
import type { ServerPhase } from "../model/serverStatus";
import type { ConfigureParams, DidChangeParams } from "../protocol";
import { method } from "../protocol";
import { Backoff } from "../util/backoff";
import { Coalesced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";
import { messageOf } from "../util/errors";
import { activeFile, activeFolder, workspaceFolders } from "../vscode/workspace";
import { ServerClient } from "./client";
import type { InterpreterChooser } from "./interpreter";
import { findServerPython } from "./serverPython";
import { SECTION, homeSetting } from "./settings";

/** A server that stops answering is given this long to go before it is killed. */
const STOP_TIMEOUT_MS = 2000;

/** A server that has not answered by then is killed and started again. */
const START_TIMEOUT_MS = 60_000;

/** The server's code for a Python that it can't run in. */
const UNFIT_PYTHON = "E103";

/**
 * Keeps one server running: starts it when it is first needed, again when it crashed or its home changed.
 *
 * Invariant: at most one restart is in flight and one queued; a client is never replaced before the one before is gone.
 */
export class ServerLifecycle extends DisposableBag {
  private readonly phaseChanged = this.track(new EventEmitter<ServerPhase>());

  /** The server's phase changed. */
  readonly onDidChangePhase = this.phaseChanged.event;

  private readonly dataChanged = this.track(new EventEmitter<DidChangeParams>());

  /** The server says that something on disk changed. */
  readonly onDidChangeData = this.dataChanged.event;

  private current: ServerPhase = { kind: "idle" };

  private client: ServerClient | undefined;

  private readonly restarts = new Coalesced(async () => this.restartOnce());

  private readonly backoff = new Backoff();

  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly extensionPath: string,
    private readonly interpreter: InterpreterChooser,
    private readonly log: LogOutputChannel,
  ) {
    super();
    this.track(
      workspace.onDidChangeConfiguration((event) => {
        if (!event.affectsConfiguration(`${SECTION}.home`) || this.current.kind === "idle") return;
        this.enter({ kind: "idle" }); // what is known is of the home before
        void this.restart();
      }),
    );
    this.track({
      dispose: () => {
        clearTimeout(this.retry);
      },
    });
  }

  /** Where the server stands. */
  phase(): ServerPhase {
    return this.current;
  }

  /** The client, when the server is ready. */
  connection(): ServerClient | undefined {
    return this.current.kind === "ready" ? this.client : undefined;
  }

  /** Starts the server if nobody did before. */
  async ensureStarted(): Promise<void> {
    if (this.current.kind === "idle") await this.restarts.run();
  }

  /**
   * Waits until the server is ready or can't be, at most `timeoutMs`; it does not start it.
   *
   * @param lost a connection that broke, which its user may know first: its server does not count as ready.
   */
  async settled(timeoutMs: number, lost?: Connection): Promise<void> {
    const isSettled = (): boolean =>
      this.current.kind !== "idle" &&
      this.current.kind !== "starting" &&
      (lost === undefined || this.connection() !== lost);
    if (isSettled()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const listener = this.onDidChangePhase(() => {
        if (isSettled()) done();
      });
      function done(): void {
        clearTimeout(timer);
        listener.dispose();
        resolve();
      }
    });
  }

  /** Stops the server and starts it again, with a clean record. */
  async restart(): Promise<void> {
    this.backoff.reset();
    // One that hangs in its start would hold up the new one.
    if (this.current.kind === "starting") this.client?.process()?.child.kill();
    await this.restarts.run();
  }

  /** Tells a running server what changed; one that starts later is told by its initialisation options. */
  async configure(params: ConfigureParams): Promise<void> {
    await this.connection()?.sendNotification(method.configure, params);
  }

  /** Stops the server for good. */
  async stop(): Promise<void> {
    this.dispose();
    await this.stopClient();
  }

  private async restartOnce(): Promise<void> {
    clearTimeout(this.retry);
    this.enter({ kind: "starting" });
    await this.stopClient();
    if (this.isDisposed()) return;
    const python = await findServerPython(
      {
        workspace: workspaceFolders(),
        trusted: workspace.isTrusted,
        interpreter: async () => {
          await this.interpreter.choose();
          return this.interpreter.current()?.path ?? "";
        },
      },
      this.log,
    );
    if (python.kind === "found") await this.start(python.executable);
    else
      this.enter(python.kind === "none" ? { kind: "noPython" } : { kind: "unusablePython", problem: python.problem });
  }

  private async start(python: string): Promise<void> {
    const client = new ServerClient({
      python,
      extensionPath: this.extensionPath,
      initialization: {
        home: homeSetting(),
        trusted: workspace.isTrusted,
        interpreter: this.interpreter.current()?.path ?? "",
        project_path: activeFile() ?? activeFolder() ?? "",
      },
      log: this.log,
      onClosed: () => {
        if (this.client === client && this.current.kind === "ready") this.onCrash("it ended without being asked to");
      },
    });
    this.client = client;
    client.onNotification(method.didChange, (params: DidChangeParams) => {
      this.dataChanged.fire(params);
    });
    let problem = "it ended while it was starting";
    const timer = setTimeout(() => {
      problem = `it did not answer within ${START_TIMEOUT_MS / 1000} s`;
      client.process()?.child.kill("SIGKILL");
    }, START_TIMEOUT_MS);
    try {
      await client.start();
    } catch (error) {
      this.log.debug(`Server: ${messageOf(error)}`);
    } finally {
      clearTimeout(timer);
    }
    // A connection that breaks in between makes start() end as if all were well.
    if (client.isRunning()) this.enter({ kind: "ready" });
    else this.onFailedStart(client, problem);
  }

  private onFailedStart(client: ServerClient, problem: string): void {
    const refusal = client.process()?.refusal();
    if (refusal === undefined) {
      const lastWord = client.process()?.lastWord() ?? "";
      this.onCrash(lastWord === "" ? problem : lastWord);
      return;
    }
    // It said why: another start would say the same.
    const { code, message, hint } = refusal;
    this.log.error(`Server: ${message} ${hint}`);
    if (code === UNFIT_PYTHON) this.enter({ kind: "unusablePython", problem: message });
    else this.enter({ kind: "failed", problem: `${message} ${hint}`.trim() });
  }

  private onCrash(problem: string): void {
    if (this.isDisposed()) return;
    const delay = this.backoff.crashed(Date.now());
    if (delay === undefined) {
      this.log.error(`Server: ${problem}; it will not be started again by itself`);
      this.enter({ kind: "failed", problem });
      return;
    }
    this.log.warn(`Server: ${problem}; it is started again in ${delay} ms`);
    this.enter({ kind: "starting" });
    this.retry = setTimeout(() => void this.restarts.run(), delay);
  }

  private async stopClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client === undefined) return;
    try {
      if (client.isRunning()) await client.dispose(STOP_TIMEOUT_MS);
    } catch (error) {
      this.log.warn(`Server: it had to be killed: ${messageOf(error)}`);
    }
  }

  private enter(phase: ServerPhase): void {
    this.current = phase;
    if (!this.isDisposed()) this.phaseChanged.fire(phase);
  }
}
