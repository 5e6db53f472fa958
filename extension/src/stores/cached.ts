import { EventEmitter } from "vscode";
import { Coalesced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";

/** The last answer to a request, kept until something changed. */
export class Cached<T> extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<void>());

  /** There is a newer value, another problem, or nothing any more. */
  readonly onDidChange = this.changed.event;

  private value: T | undefined;

  private problem: unknown;

  private loading: Promise<void> | undefined;

  private readonly refreshing = new Coalesced(async () => this.fetchOnce());

  constructor(private readonly fetch: () => Promise<T>) {
    super();
  }

  /** The last value, without waiting. */
  peek(): T | undefined {
    return this.value;
  }

  /** The value, fetched first if it never was. */
  async get(): Promise<T> {
    if (this.value === undefined && this.problem === undefined) {
      this.loading ??= this.refreshing.run().finally(() => {
        this.loading = undefined;
      });
      await this.loading;
    }
    if (this.value !== undefined) return this.value;
    throw this.problem;
  }

  /** Fetches again, whatever is kept; problems are kept for {@link get}. */
  async refresh(): Promise<void> {
    await this.refreshing.run();
  }

  /** Forgets everything. */
  clear(): void {
    this.value = undefined;
    this.problem = undefined;
    this.changed.fire();
  }

  private async fetchOnce(): Promise<void> {
    const before = this.value;
    try {
      this.value = await this.fetch();
      this.problem = undefined;
    } catch (error) {
      this.value = undefined;
      this.problem = error;
    }
    const isSame = before !== undefined && JSON.stringify(this.value) === JSON.stringify(before);
    if (!isSame && !this.isDisposed()) this.changed.fire();
  }
}
