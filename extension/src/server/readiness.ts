import type { Connection } from "../api";
import type { ExtensionStatus } from "../model/serverStatus";
import { ExpectedError } from "../util/errors";
import type { ServerLifecycle } from "./lifecycle";

/** Long enough for a cold start on a slow machine. */
export const READY_TIMEOUT_MS = 60_000;

/** The status as an error with its one fixing button. */
export function asError(status: ExtensionStatus): ExpectedError {
  const problem = status.problem === "" ? "Stackyard's server is still starting." : status.problem;
  return new ExpectedError(problem, status.hint, status.remedy);
}

/**
 * Waits until the server is ready, starting it if nobody did.
 *
 * @param status tells what is wrong when it does not get ready.
 * @param lost a connection that broke: the next one is waited for.
 * @throws ExpectedError with the status' fixing button.
 */
export async function whenReady(
  server: ServerLifecycle,
  status: () => ExtensionStatus,
  lost?: Connection,
): Promise<Connection> {
  void server.ensureStarted();
  await server.settled(READY_TIMEOUT_MS, lost);
  const connection = server.connection();
  if (connection === undefined) throw asError(status());
  return connection;
}
