import type { Page, PageParams } from "../protocol";

/** How many rows a page has. */
export const PAGE_SIZE = 50;

/** A list that is fetched page by page, and kept. */
export class Paged<T> {
  private constructor(
    readonly items: readonly T[],
    readonly total: number,
    private readonly next: string | null,
  ) {}

  /** The list that begins with this page. */
  static of<T>(page: Page<T>): Paged<T> {
    return new Paged(page.items, page.total, page.next);
  }

  /** Fetches the first pages, as many as hold `atLeast` rows. */
  static async load<T>(fetch: (page: PageParams) => Promise<Page<T>>, atLeast = 0): Promise<Paged<T>> {
    let list = Paged.of(await fetch({ limit: PAGE_SIZE, cursor: null }));
    while (list.hasMore() && list.items.length < atLeast) list = await list.more(fetch);
    return list;
  }

  /** Tells whether there are rows that were not fetched. */
  hasMore(): boolean {
    return this.next !== null;
  }

  /** The list with its next page. */
  async more(fetch: (page: PageParams) => Promise<Page<T>>): Promise<Paged<T>> {
    if (this.next === null) return this;
    const page = await fetch({ limit: PAGE_SIZE, cursor: this.next });
    return new Paged([...this.items, ...page.items], page.total, page.next);
  }

  /** The list without the items that fit. */
  without(fits: (item: T) => boolean): Paged<T> {
    const items = this.items.filter((item) => !fits(item));
    return new Paged(items, this.total - (this.items.length - items.length), this.next);
  }

  /** The list with other items, after its first page was fetched again: what comes after them stays known. */
  withBeginning(items: readonly T[], first: Page<T>): Paged<T> {
    const isWhole = first.next === null;
    const hadOnlyFirst = items.length === first.items.length;
    return new Paged(items, first.total, isWhole || hadOnlyFirst ? first.next : this.next);
  }
}
