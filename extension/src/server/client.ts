import { join } from "node:path";
import type { LogOutputChannel } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn } from "vscode-languageclient/node";
import type { InitializationOptions } from "../protocol";

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
 * Makes a language client for the bundled server; it is not started yet.
 *
 * The server works isolated (`-I -S`) from the user's packages and environment, and outside of the workspace.
 */
export function createClient(options: ClientOptions): LanguageClient {
  const tool = join(options.extensionPath, "bundled", "tool");
  return new LanguageClient(
    "stackyard",
    "Stackyard",
    { command: options.python, args: ["-I", "-S", join(tool, "lsp_server.py")], options: { cwd: tool } },
    {
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
    },
  );
}
