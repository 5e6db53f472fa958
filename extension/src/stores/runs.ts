import { EventEmitter } from "vscode";
import type { StackyardApi } from "../api";
import { mergeFirstPage } from "../model/runs";
import { isFinished } from "../model/status";
import type { PageParams, RunView } from "../protocol";
import { Coalesced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";
import { PAGE_SIZE, Paged } from "./paged";

/** Runs that changed; undefined when the list itself did. */
export type RunsChange = readonly string[] | undefined;

/**
 * The runs of the project, newest first, with the steps of those that somebody looks at.
 *
 * A change refetches the first page and the details of the runs that changed: never the pages loaded before, unless
 * the server or the project is another one.
 */
export class RunsStore extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<void>());

  /** The list or the details of a run changed. */
  readonly onDidChange = this.changed.event;

  private list: Paged<RunView> | undefined;

  private problem: unknown;

  private readonly details = new Map<string, RunView>();

  /** Runs whose details are stale; "all" when it is not known which. */
  private stale: Set<string> | "all" = new Set();

  /** The pages loaded before may be stale, too. */
  private isListStale = false;

  private loading: Promise<void> | undefined;

  private readonly refreshing = new Coalesced(async () => this.refreshOnce());

  private readonly fetch = async (page: PageParams): ReturnType<StackyardApi["runs"]> => this.api.runs(page);

  constructor(private readonly api: StackyardApi) {
    super();
  }

  /** The runs fetched so far, without waiting. */
  peek(): Paged<RunView> | undefined {
    return this.list;
  }

  /** The runs, fetched first if they never were. */
  async get(): Promise<Paged<RunView>> {
    if (this.list === undefined && this.problem === undefined) {
      this.loading ??= this.refreshing.run().finally(() => {
        this.loading = undefined;
      });
      await this.loading;
    }
    if (this.list !== undefined) return this.list;
    throw this.problem;
  }

  /** A run with its steps; it is kept up to date from now on. */
  async detail(id: string): Promise<RunView> {
    const known = this.details.get(id);
    if (known !== undefined) return known;
    const run = await this.api.run(id);
    this.details.set(id, run);
    return run;
  }

  /** What is known of a run, without waiting. */
  peekRun(id: string): RunView | undefined {
    return this.details.get(id) ?? this.list?.items.find((run) => run.id === id);
  }

  /** How many of the runs fetched are not finished. */
  running(): RunView[] {
    return (this.list?.items ?? []).filter((run) => !isFinished(run.status));
  }

  /** Fetches the next page. */
  async loadMore(): Promise<void> {
    this.list = await (await this.get()).more(this.fetch);
    this.changed.fire();
  }

  /** Fetches what changed: the runs with these ids, or all that are kept. */
  async refresh(ids?: readonly string[]): Promise<void> {
    if (ids === undefined || ids.length === 0) this.stale = "all";
    else if (this.stale !== "all") for (const id of ids) this.stale.add(id);
    await this.refreshing.run();
  }

  /** Fetches everything again, no fewer runs than are shown. */
  async reload(): Promise<void> {
    this.isListStale = true;
    await this.refresh();
  }

  /** Takes a run as an answer gave it, so that it shows at once. */
  put(run: RunView): void {
    this.details.set(run.id, run);
    this.changed.fire();
  }

  /** Forgets a run that was deleted, so that it goes at once. */
  remove(id: string): void {
    this.details.delete(id);
    this.list = this.list?.without((run) => run.id === id);
    this.changed.fire();
  }

  /** Forgets everything. */
  clear(): void {
    this.list = undefined;
    this.problem = undefined;
    this.details.clear();
    this.changed.fire();
  }

  private async refreshOnce(): Promise<void> {
    const stale = this.stale;
    const { isListStale } = this;
    this.stale = new Set();
    this.isListStale = false;
    const isStale = (run: RunView): boolean => stale === "all" || stale.has(run.id) || !isFinished(run.status);
    try {
      if (this.list === undefined || isListStale) this.list = await Paged.load(this.fetch, this.list?.items.length);
      else {
        const page = await this.fetch({ limit: PAGE_SIZE, cursor: null });
        const merged = mergeFirstPage(this.list.items, page);
        const older = stale === "all" ? [] : merged.slice(page.items.length).filter(isStale);
        const fresh = await this.fetchAll(older.map((run) => run.id));
        this.list = this.list.withBeginning(
          merged.map((run) => fresh.get(run.id) ?? run),
          page,
        );
      }
      this.problem = undefined;
      await this.refreshDetails(isStale);
    } catch (error) {
      this.list = undefined;
      this.problem = error;
    }
    if (!this.isDisposed()) this.changed.fire();
  }

  private async refreshDetails(isStale: (run: RunView) => boolean): Promise<void> {
    const ids = [...this.details.values()].filter(isStale).map((run) => run.id);
    const fresh = await this.fetchAll(ids);
    for (const id of ids) {
      const run = fresh.get(id);
      if (run === undefined) this.details.delete(id);
      else this.details.set(id, run);
    }
  }

  /** Runs by id; one that is gone is left out. */
  private async fetchAll(ids: readonly string[]): Promise<Map<string, RunView>> {
    const runs = await Promise.all(ids.map(async (id) => this.api.run(id).catch(() => undefined)));
    return new Map(runs.filter((run) => run !== undefined).map((run) => [run.id, run]));
  }
}
