/** Anything that is given back once: VS Code's disposables, timers, child processes. */
export interface DisposableLike {
  dispose(): unknown;
}

/** Owns disposables and gives them all back, last made first. */
export class DisposableBag implements DisposableLike {
  private readonly tracked: DisposableLike[] = [];

  private disposed = false;

  /** Takes ownership; what is tracked after the end is given back at once. */
  track<T extends DisposableLike>(disposable: T): T {
    if (this.disposed) disposable.dispose();
    else this.tracked.push(disposable);
    return disposable;
  }

  /** Tells whether everything was given back already. */
  isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    this.disposed = true;
    for (const disposable of this.tracked.splice(0).reverse()) disposable.dispose();
  }
}
