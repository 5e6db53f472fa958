import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { commands, window } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import type { ArtifactVersionView, RunView } from "../../src/protocol";
import { type RunRow, eventually, readyExtension, rows, writePipeline } from "./host";

const SOURCE = `from pathlib import Path
from typing import Annotated

import pandas as pd

from stackyard import pipeline, step

FACTOR = 2
MARK = Path(__file__).with_name("mended")


@step
def measured() -> Annotated[pd.DataFrame, "measured"]:
    return pd.DataFrame({"number": range(300), "name": [f"n{n % 7}" for n in range(300)]})


@step
def scaled(frame: pd.DataFrame) -> float:
    return float(frame["number"].sum()) * FACTOR


@pipeline
def scaling():
    scaled(measured())


@step
def mended() -> bool:
    if not MARK.exists():
        raise ValueError("not mended yet")
    return True


@pipeline
def mending():
    measured()
    mended()
`;

suite("data and finished runs", () => {
  let parts: StackyardExtension;
  let file: string;

  const newest = async (pipeline: string): Promise<RunView> => {
    const run = (await parts.api.runs({})).items.find((one) => one.pipeline === pipeline);
    assert.ok(run, `${pipeline} never ran`);
    return parts.api.run(run.id);
  };

  const runRow = async (run: RunView): Promise<RunRow | undefined> =>
    (await rows(parts.views.runs)).find((node) => node.id === `run:${run.id}`) as RunRow | undefined;

  const contextOf = async (run: RunView): Promise<string | undefined> => {
    const node = await runRow(run);
    return node === undefined ? undefined : parts.views.runs.getTreeItem(node).contextValue;
  };

  const version = async (): Promise<ArtifactVersionView> => {
    const { steps } = await newest("scaling");
    const id = steps.find((step) => step.name === "measured")?.outputs[0]?.artifact_version_id ?? "";
    return (await parts.api.version(id)).version;
  };

  suiteSetup(async () => {
    parts = await readyExtension();
    file = await writePipeline(parts, "scaling.py", SOURCE);
    await commands.executeCommand("stackyard.pipeline.run", file, "scaling");
  });

  test("a stored table is paged, sorted and filtered; its columns' statistics came with the preview", async () => {
    const { id, preview } = await version();
    const number = preview?.columns.find((column) => column.name === "number");
    assert.equal(number?.statistics?.maximum, 299);
    const page = await parts.api.tablePage({
      id,
      offset: 1,
      limit: 2,
      sort: [{ column: "number", descending: true }],
      where: [{ column: "name", op: "=", value: "n3" }],
    });
    assert.deepEqual(
      page.rows.map(([first]) => first),
      [290, 283],
    );
    assert.deepEqual([page.n_matching, page.n_rows], [43, 300]);
    assert.equal((await parts.api.columnStatistics({ id, column: "name" })).distinct, 7);
  });

  test("a page tells why a step ran: the code that changed, as a diff", async () => {
    writeFileSync(file, SOURCE.replace("FACTOR = 2", "FACTOR = 3"));
    await commands.executeCommand("stackyard.pipeline.run", file, "scaling");
    const run = await newest("scaling");
    assert.deepEqual(
      run.steps.map((step) => step.status),
      ["cached", "completed"],
    );
    await commands.executeCommand("stackyard.run.explain", run.id);
    await eventually("the page is open", () =>
      window.tabGroups.all.some((group) => group.tabs.some((tab) => tab.label.includes(`Why ${run.name}`))),
    );
    const text = await parts.explanations.text(parts.explanations.uriOf(run));
    assert.match(text, /1 of 2 steps were reused/);
    assert.match(text, /## measured\n\nReused from run `/);
    assert.match(text, /-FACTOR = 2\n {2}\+FACTOR = 3\n/);
  });

  test("a failed run is gone on with once its cause is mended, and what was complete is not done again", async () => {
    await commands.executeCommand("stackyard.pipeline.run", file, "mending");
    const failed = await newest("mending");
    assert.equal(failed.status, "failed");
    assert.equal(await eventually("its row offers to resume", async () => contextOf(failed)), "run.finished.resumable");
    writeFileSync(file.replace("scaling.py", "mended"), "");
    await commands.executeCommand("stackyard.run.resume", await runRow(failed));
    const resumed = await newest("mending");
    assert.equal(resumed.id, failed.id);
    assert.equal(resumed.status, "completed");
    assert.equal(await eventually("its row is another one", async () => contextOf(resumed)), "run.finished");
  });

  test("a run is run again as a new one, and deleted when that is confirmed", async () => {
    const first = await newest("scaling");
    await commands.executeCommand("stackyard.run.retry", await runRow(first));
    const again = await newest("scaling");
    assert.notEqual(again.id, first.id);
    assert.deepEqual(
      again.steps.map((step) => step.status),
      ["cached", "cached"],
    );
    const ask = parts.dialogs.ask.bind(parts.dialogs);
    let answer: string | undefined;
    parts.dialogs.ask = async <T extends string>(): Promise<T | undefined> => Promise.resolve(answer as T | undefined);
    try {
      await commands.executeCommand("stackyard.run.delete", await runRow(again));
      assert.ok(await runRow(again), "it was not confirmed");
      answer = "Delete";
      await commands.executeCommand("stackyard.run.delete", await runRow(again));
    } finally {
      parts.dialogs.ask = ask;
    }
    await eventually("its row is gone", async () => (await runRow(again)) === undefined);
    assert.ok(!(await parts.api.runs({})).items.some((run) => run.id === again.id));
    assert.equal((await newest("scaling")).id, first.id);
  });
});
