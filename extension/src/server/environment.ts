import type { LogOutputChannel } from "vscode";
import { EventEmitter, workspace } from "vscode";
import type { StackyardApi } from "../api";
import { OLDEST } from "../model/pythons";
import type { EnvironmentFacts } from "../model/serverStatus";
import type { EnvironmentCheckResult } from "../protocol";
import { Coalesced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";
import { CancelledError, messageOf } from "../util/errors";
import type { InterpreterChooser } from "./interpreter";

/** Knows whether runs can start in the user's interpreter. */
export class EnvironmentMonitor extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<EnvironmentFacts>());

  /** What is known of the environment changed. */
  readonly onDidChange = this.changed.event;

  private known: EnvironmentFacts = { kind: "unknown" };

  private readonly checking = new Coalesced(async () => this.checkOnce());

  constructor(
    private readonly api: StackyardApi,
    private readonly interpreter: InterpreterChooser,
    private readonly log: LogOutputChannel,
  ) {
    super();
  }

  /** What is known now. */
  facts(): EnvironmentFacts {
    return this.known;
  }

  /** Looks again; afterwards {@link facts} is up to date. Never looks in an untrusted workspace. */
  async check(): Promise<EnvironmentFacts> {
    await this.checking.run();
    return this.known;
  }

  private async checkOnce(): Promise<void> {
    this.known = await this.look();
    this.changed.fire(this.known);
  }

  private async look(): Promise<EnvironmentFacts> {
    if (!workspace.isTrusted) return { kind: "unknown" };
    // A virtual environment may have come or gone without the file watcher's notice.
    await this.interpreter.choose();
    const interpreter = this.interpreter.current();
    if (interpreter === undefined) return { kind: "none" };
    try {
      return factsOf(await this.api.checkEnvironment(interpreter.path));
    } catch (error) {
      if (!CancelledError.is(error)) this.log.warn(`The environment could not be checked: ${messageOf(error)}`);
      return { kind: "unknown" };
    }
  }
}

/** What a check means for the extension. */
export function factsOf(check: EnvironmentCheckResult): EnvironmentFacts {
  if (check.usable) return { kind: "usable", python: check.python, importable: check.importable };
  return { kind: "unusable", problem: check.problem, hint: check.hint, installHelps: isNewEnough(check.python) };
}

/** An interpreter that starts and is new enough lacks only packages. */
function isNewEnough(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major === OLDEST[0] && minor !== undefined && minor >= OLDEST[1];
}
