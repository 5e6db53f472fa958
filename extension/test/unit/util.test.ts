import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { PAGE_SIZE, Paged } from "../../src/stores/paged";
import { Backoff } from "../../src/util/backoff";
import { Coalesced, Debounced } from "../../src/util/coalesce";
import { DisposableBag } from "../../src/util/disposable";
import { CancelledError, ExpectedError, RequestError, fullMessage } from "../../src/util/errors";

/** Work that a test ends by hand. */
class Work {
  readonly open: (() => void)[] = [];

  started = 0;

  readonly run = async (): Promise<void> => {
    this.started += 1;
    await new Promise<void>((resolve) => this.open.push(resolve));
  };

  finish(): void {
    this.open.shift()?.();
  }
}

describe("coalesced work", () => {
  it("has one in flight and one queued, however many ask", async () => {
    const work = new Work();
    const coalesced = new Coalesced(work.run);
    const all = [1, 2, 3, 4].map(async () => coalesced.run());
    assert.equal(work.started, 1);
    work.finish();
    await all[0];
    await wait(1);
    assert.equal(work.started, 2);
    work.finish();
    await Promise.all(all);
    assert.equal(work.started, 2);
  });

  it("starts after the call that asked for it", async () => {
    const work = new Work();
    const coalesced = new Coalesced(work.run);
    const first = coalesced.run();
    work.finish();
    await first;
    const second = coalesced.run();
    assert.equal(work.started, 2);
    work.finish();
    await second;
  });

  it("goes on after a failure", async () => {
    let calls = 0;
    const coalesced = new Coalesced(async () => {
      calls += 1;
      await wait(1);
      if (calls === 1) throw new Error("first");
    });
    const [first, second] = [coalesced.run(), coalesced.run()];
    await assert.rejects(first, /first/);
    await second;
    assert.equal(calls, 2);
  });

  it("is never twice in flight", async () => {
    let inFlight = 0;
    const coalesced = new Coalesced(async () => {
      inFlight += 1;
      assert.equal(inFlight, 1);
      await wait(0);
      inFlight -= 1;
    });
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        await wait(index % 7);
        await coalesced.run();
      }),
    );
  });
});

describe("debounced work", () => {
  it("is done once after a burst", async () => {
    let calls = 0;
    const debounced = new Debounced(() => (calls += 1), 5);
    for (let i = 0; i < 5; i += 1) debounced.call();
    await wait(30);
    assert.equal(calls, 1);
    debounced.call();
    debounced.dispose();
    await wait(30);
    assert.equal(calls, 1);
  });
});

describe("a server that crashes", () => {
  it("waits longer each time, and gives up", () => {
    const backoff = new Backoff();
    const delays = [0, 1, 2, 3, 4].map((second) => backoff.crashed(second * 1000));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, undefined]);
  });

  it("is forgiven after a while, and by the user at once", () => {
    const backoff = new Backoff();
    for (let i = 0; i < 4; i += 1) backoff.crashed(0);
    assert.equal(backoff.crashed(200_000), 500);
    backoff.reset();
    assert.equal(backoff.crashed(200_001), 500);
  });
});

describe("a bag of disposables", () => {
  it("gives back in reverse, once, and at once what comes too late", () => {
    const order: string[] = [];
    const bag = new DisposableBag();
    const item = (name: string): { dispose: () => void } => ({ dispose: () => order.push(name) });
    bag.track(item("a"));
    bag.track(item("b"));
    bag.dispose();
    bag.dispose();
    bag.track(item("late"));
    assert.deepEqual(order, ["b", "a", "late"]);
  });
});

describe("errors", () => {
  const refusal = new RequestError({
    code: "N101",
    message: "No stack x",
    hint: "Register it.",
    location: null,
    problems: [],
  });

  it("are told apart without looking at their text", () => {
    assert.ok(RequestError.is(refusal, "N101"));
    assert.ok(!RequestError.is(refusal, "N102"));
    assert.ok(ExpectedError.is(refusal));
    assert.ok(!ExpectedError.is(new CancelledError()));
  });

  it("read as sentences", () => {
    assert.equal(fullMessage(refusal), "No stack x. Register it.");
    assert.equal(fullMessage(new ExpectedError("Why?", "Because.")), "Why? Because.");
    assert.equal(fullMessage(new Error("plain")), "plain");
  });
});

describe("a paged list", () => {
  const fetch = async ({ cursor }: { cursor?: string | null }) => {
    const start = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(PAGE_SIZE, 120 - start) }, (_, index) => start + index);
    const end = start + items.length;
    return Promise.resolve({ items, total: 120, next: end < 120 ? String(end) : null });
  };

  it("grows page by page to its end", async () => {
    let list = await Paged.load(fetch);
    assert.equal(list.items.length, PAGE_SIZE);
    while (list.hasMore()) list = await list.more(fetch);
    assert.deepEqual(
      list.items,
      Array.from({ length: 120 }, (_, index) => index),
    );
    assert.equal((await list.more(fetch)).items.length, 120);
  });

  it("is as long again after it was fetched again", async () => {
    assert.equal((await Paged.load(fetch, 60)).items.length, 100);
  });

  it("knows where it goes on after its beginning was replaced", async () => {
    const two = await (await Paged.load(fetch)).more(fetch);
    const first = await fetch({});
    const kept = two.withBeginning(two.items, first);
    assert.equal((await kept.more(fetch)).items.length, 120);
    const shorter = two.withBeginning(first.items, first);
    assert.equal((await shorter.more(fetch)).items.length, 100);
  });
});
