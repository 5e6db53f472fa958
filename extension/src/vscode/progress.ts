import type { CancellationToken, Progress } from "vscode";
import { ProgressLocation, window } from "vscode";

/** Shows a notification with progress while work goes on; cancellable only if the work really ends early. */
export async function withNotification<T>(
  title: string,
  cancellable: boolean,
  work: (progress: Progress<{ message?: string; increment?: number }>, token: CancellationToken) => Promise<T>,
): Promise<T> {
  return window.withProgress({ location: ProgressLocation.Notification, title, cancellable }, work);
}

/** Shows the thin moving line at the top of a view while work goes on. */
export async function withViewProgress(viewId: string, work: () => Promise<void>): Promise<void> {
  return window.withProgress({ location: { viewId } }, work);
}
