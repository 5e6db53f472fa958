/**
 * Runs a piece of work with at most one in flight and one queued.
 *
 * A caller that comes while work is in flight gets the promise of the queued one, which starts after the call was
 * made: so its result is never older than the call.
 */
export class Coalesced {
  private inFlight: Promise<void> | undefined;

  private queued: Promise<void> | undefined;

  constructor(private readonly work: () => Promise<void>) {}

  async run(): Promise<void> {
    if (this.inFlight === undefined) return this.start();
    this.queued ??= this.inFlight.then(
      async () => this.startQueued(),
      async () => this.startQueued(),
    );
    return this.queued;
  }

  private async start(): Promise<void> {
    const work = this.work().finally(() => {
      // With one queued the slot stays taken until that one starts, or a third could slip in between.
      if (this.queued === undefined) this.inFlight = undefined;
    });
    this.inFlight = work;
    return work;
  }

  private async startQueued(): Promise<void> {
    this.queued = undefined;
    return this.start();
  }
}

/** Calls `work` once, `delayMs` after the last of a burst of calls. */
export class Debounced {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly work: () => void,
    private readonly delayMs: number,
  ) {}

  call(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.work, this.delayMs);
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}
