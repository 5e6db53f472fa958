/** Crashes older than this are forgiven. */
const WINDOW_MS = 3 * 60_000;
/** As many crashes within the window mean that another start would not help. */
const MAX_CRASHES = 5;
const FIRST_DELAY_MS = 500;

/** Decides how long to wait before a server that crashed is started again. */
export class Backoff {
  private crashes: number[] = [];

  /**
   * Notes a crash at `now` (milliseconds).
   *
   * @returns milliseconds to wait, or undefined when it should not be started again.
   */
  crashed(now: number): number | undefined {
    this.crashes = [...this.crashes.filter((at) => now - at < WINDOW_MS), now];
    if (this.crashes.length >= MAX_CRASHES) return undefined;
    return FIRST_DELAY_MS * 2 ** (this.crashes.length - 1);
  }

  /** Forgets all crashes: the user asked for a restart. */
  reset(): void {
    this.crashes = [];
  }
}
