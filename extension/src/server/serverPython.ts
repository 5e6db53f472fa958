import type { LogOutputChannel } from "vscode";
import { pythonsOnPath, unfitForServer } from "../model/pythons";
import { messageOf } from "../util/errors";
import { isExecutable, liesIn, probe } from "./probe";

/** Where the search may look. */
export interface SearchScope {
  readonly workspace: readonly string[];
  readonly trusted: boolean;
  /** Gives the user's interpreter for runs, the last resort; empty when there is none. */
  readonly interpreter: () => Promise<string>;
}

/** A Python for the server, or why there is none. */
export type ServerPython =
  | { readonly kind: "found"; readonly executable: string; readonly version: string }
  | { readonly kind: "none" }
  | { readonly kind: "unfit"; readonly problem: string };

/**
 * Finds a Python for the server. In this order:
 *
 * 1. Pythons on PATH and in the usual folders, outside of the workspace;
 * 2. the user's interpreter for runs, which in an untrusted workspace may not lie in it either.
 *
 * The first that is a CPython of a fit version is taken. A path inside the workspace is judged by itself and by what
 * it links to, before and after it is started.
 */
export async function findServerPython(scope: SearchScope, log: LogOutputChannel): Promise<ServerPython> {
  let problem: string | undefined;
  const tried = new Set<string>();
  for await (const candidate of candidates(scope)) {
    if (tried.has(candidate) || !(await isAllowed(candidate, scope))) continue;
    tried.add(candidate);
    try {
      const facts = await probe(candidate);
      const unfit = unfitForServer(facts);
      if (unfit === undefined && (scope.trusted || !(await liesIn(scope.workspace, facts.executable)))) {
        log.info(`Server: Python ${facts.version.join(".")} at ${facts.executable}`);
        return { kind: "found", executable: facts.executable, version: facts.version.join(".") };
      }
      problem ??= unfit;
    } catch (error) {
      problem ??= `${candidate} can't be started: ${messageOf(error)}`;
    }
    log.info(`Server: not ${candidate}`);
  }
  return problem === undefined ? { kind: "none" } : { kind: "unfit", problem };
}

async function* candidates(scope: SearchScope): AsyncGenerator<string> {
  yield* pythonsOnPath(process.env["PATH"] ?? "", process.platform, scope.workspace);
  const interpreter = await scope.interpreter();
  if (interpreter !== "") yield interpreter;
}

async function isAllowed(candidate: string, scope: SearchScope): Promise<boolean> {
  if (!(await isExecutable(candidate))) return false;
  return scope.trusted || !(await liesIn(scope.workspace, candidate));
}
