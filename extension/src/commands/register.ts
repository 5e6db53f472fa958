import type { LogOutputChannel } from "vscode";
import { commands } from "vscode";
import { DisposableBag } from "../util/disposable";
import { CancelledError, ExpectedError, fullMessage, messageOf } from "../util/errors";
import { toast } from "../vscode/toast";
import { COMMAND_IDS, type CommandId } from "./ids";

/** What a command does; rows and links may pass it arguments, which it must not trust. */
export type Handler = (...args: readonly unknown[]) => Promise<void> | void;

/** A handler for every command there is: the type makes a missing one an error. */
export type Handlers = Readonly<Record<CommandId, Handler>>;

/**
 * Registers all commands, each inside the one place that decides what the user learns of an error.
 *
 * @param begin Called before each.
 */
export function registerCommands(handlers: Handlers, log: LogOutputChannel, begin: () => void): DisposableBag {
  const bag = new DisposableBag();
  for (const id of COMMAND_IDS) {
    bag.track(
      commands.registerCommand(id, async (...args: readonly unknown[]) => {
        try {
          begin();
          await handlers[id](...args);
        } catch (error) {
          report(id, error, log);
        }
      }),
    );
  }
  return bag;
}

/**
 * Tells the user of an error: silence when it was cancelled, message, hint and button when it was to be expected,
 * the log when it is a bug. Nobody waits for the toast to be closed.
 */
export function report(what: string, error: unknown, log: LogOutputChannel): void {
  if (CancelledError.is(error)) return;
  if (ExpectedError.is(error)) {
    log.warn(`${what}: ${fullMessage(error)}`);
    void toast("error", fullMessage(error), ...(error.remedy === undefined ? [] : [error.remedy]));
    return;
  }
  log.error(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  void toast("error", `Stackyard has a bug: ${messageOf(error)}`, {
    title: "Show Logs",
    command: "stackyard.server.showLog",
  });
}
