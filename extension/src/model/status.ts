import type { Status } from "../protocol";

const FINISHED: readonly Status[] = ["completed", "cached", "failed", "skipped", "stopped", "interrupted"];

/** Tells whether nothing more will happen to a run or step run. */
export function isFinished(status: Status): boolean {
  return FINISHED.includes(status);
}

/** A codicon and the id of the theme colour it is painted in. */
export interface StatusIcon {
  readonly icon: string;
  readonly color: string;
}

/** One icon for every status there is: the type makes a missing one an error. */
export const STATUS_ICONS: Readonly<Record<Status, StatusIcon>> = {
  initializing: { icon: "loading~spin", color: "descriptionForeground" },
  // Not "clock": VS Code draws that as "history", which stands for cached.
  queued: { icon: "circle-outline", color: "descriptionForeground" },
  running: { icon: "sync~spin", color: "charts.blue" },
  retrying: { icon: "sync~spin", color: "charts.yellow" },
  completed: { icon: "pass", color: "testing.iconPassed" },
  cached: { icon: "history", color: "testing.iconPassed" },
  failed: { icon: "error", color: "testing.iconFailed" },
  skipped: { icon: "debug-step-over", color: "descriptionForeground" },
  // Not "charts.orange": themes let the background show through it.
  stopping: { icon: "loading~spin", color: "list.warningForeground" },
  stopped: { icon: "stop-circle", color: "list.warningForeground" },
  interrupted: { icon: "warning", color: "list.warningForeground" },
};

/** Tells whether a step has a process that can be stopped. */
export function isRunning(status: Status): boolean {
  return status === "running" || status === "retrying" || status === "stopping";
}
