import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationTarget, workspace } from "vscode";
import type { StackyardApi } from "../../src/api";
import type { StackyardExtension } from "../../src/extension";
import type { ServerPhase } from "../../src/model/serverStatus";
import type { Page, PageParams, RunView } from "../../src/protocol";
import { RunsStore } from "../../src/stores/runs";
import { aRun } from "../unit/samples";
import { eventually, folder, labelOf, readyExtension, rows } from "./host";

/** More than one page holds. */
const N_RUNS = 120;

suite("a server that restarts", () => {
  let parts: StackyardExtension;

  const stackNames = async (): Promise<string[]> =>
    (await rows(parts.views.stacks)).map((node) => labelOf(parts.views.stacks, node));

  /** Ends the server as a crash does, in the middle of what it was asked. */
  const crash = (): void => {
    assert.ok(parts.server.connection()?.process()?.child.kill("SIGKILL"));
  };

  /** What the phases and the rows of the stacks were while something was done, until the server is ready again. */
  const during = async (act: () => void | Promise<void>): Promise<[ServerPhase["kind"], string[]][]> => {
    const seen: [ServerPhase["kind"], Promise<string[]>][] = [];
    const listener = parts.server.onDidChangePhase(({ kind }) => seen.push([kind, stackNames()]));
    await act();
    await eventually("the server is ready again", () => seen.at(-1)?.[0] === "ready");
    listener.dispose();
    return Promise.all(
      seen.map(async ([kind, names]): Promise<[ServerPhase["kind"], string[]]> => [kind, await names]),
    );
  };

  suiteSetup(async () => {
    parts = await readyExtension();
    await eventually("the stacks are known", () => parts.stores.stacks.peek());
  });

  test("leaves the rows as they are, and answers what the one before was asked and did not answer", async () => {
    const former = parts.server.connection();
    let asked: Promise<unknown[]> = Promise.resolve([]);
    const seen = await during(() => {
      asked = Promise.all([parts.api.stacks(), parts.api.runs({}), parts.api.components({})]);
      crash();
    });
    assert.ok(seen.length > 1 && seen[0]?.[0] === "starting", JSON.stringify(seen));
    for (const [kind, names] of seen) assert.deepEqual(names, ["default"], kind);
    assert.equal((await asked).length, 3);
    assert.notEqual(parts.server.connection(), former);
  });

  test("does not do again what the one before may have done", async () => {
    await during(async () => {
      const done = parts.api.activateStack("default");
      crash();
      await assert.rejects(done, /ended before it had answered/);
    });
  });

  test("shows nothing of a home that is not the one any more", async () => {
    const other = join(folder(), "other-home");
    mkdirSync(other);
    const set = async (home: string | undefined): Promise<void> =>
      workspace.getConfiguration("stackyard").update("home", home, ConfigurationTarget.Global);
    try {
      const [[kind, names] = ["ready", ["nothing was seen"]]] = await during(async () => set(other));
      assert.deepEqual([kind, names], ["idle", []]);
      assert.equal((await parts.api.status()).home, other);
    } finally {
      await during(async () => set(undefined));
    }
  });

  test("tells all runs anew, no fewer than were shown, and none of another project", async () => {
    let project = "first";
    const all = (): RunView[] =>
      Array.from({ length: N_RUNS }, (_, index) =>
        aRun({ id: `${project}-${String(N_RUNS - index).padStart(3, "0")}` }),
      );
    const api = {
      runs: async ({ limit, cursor }: PageParams): Promise<Page<RunView>> => {
        const start = Number(cursor ?? 0);
        const end = start + (limit ?? 0);
        const next = end < N_RUNS ? String(end) : null;
        return Promise.resolve({ items: all().slice(start, end), total: N_RUNS, next });
      },
    };
    const store = new RunsStore(api as unknown as StackyardApi);
    await store.get();
    await store.loadMore();
    const shown = store.peek()?.items.length;
    assert.ok(shown !== undefined && shown < N_RUNS);
    project = "another";
    await store.reload();
    assert.deepEqual(
      store.peek()?.items.map(({ id }) => id),
      all()
        .slice(0, shown)
        .map(({ id }) => id),
    );
    store.dispose();
  });
});
