import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import type { LogOutputChannel } from "vscode";
import type { LanguageClientOptions } from "vscode-languageclient/node";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import type { InitializationOptions } from "../protocol";
import { ServerProcess } from "./serverProcess";

/** What a client needs to start a server. */
export interface ClientOptions {
  readonly python: string;
  readonly extensionPath: string;
  readonly initialization: InitializationOptions;
  readonly log: LogOutputChannel;
  /** The connection broke without being asked to. */
  readonly onClosed: () => void;
}

/**
 * A language client for the bundled server, which works isolated (`-I -S`) from the user's packages and environment,
 * and outside of the workspace.
 *
 * It never shows a toast by itself: what the user learns of a server that fails is the status' to say.
 */
export class ServerClient extends LanguageClient {
  private readonly launch: { process?: ServerProcess };

  constructor(options: ClientOptions) {
    const launch: { process?: ServerProcess } = {};
    super("stackyard", "Stackyard", async () => start(options, launch), clientOptions(options));
    this.launch = launch;
  }

  /** The process behind it, once it was started. */
  process(): ServerProcess | undefined {
    return this.launch.process;
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }

  override warn(message: string, data?: unknown): void {
    super.warn(message, data, false);
  }
}

async function start(options: ClientOptions, launch: { process?: ServerProcess }): Promise<ChildProcess> {
  const tool = join(options.extensionPath, "bundled", "tool");
  launch.process = await ServerProcess.start(options.python, ["-I", "-S", join(tool, "lsp_server.py")], tool);
  return launch.process.child;
}

function clientOptions(options: ClientOptions): LanguageClientOptions {
  return {
    documentSelector: [
      { scheme: "file", language: "python" },
      { scheme: "file", language: "yaml" },
    ],
    initializationOptions: options.initialization,
    outputChannel: options.log,
    traceOutputChannel: options.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        options.onClosed();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
}
