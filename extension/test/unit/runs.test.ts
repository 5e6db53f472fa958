import assert from "node:assert/strict";
import {
  missingModule,
  mergeFirstPage,
  outcome,
  progressMessage,
  runDescription,
  stepDescription,
} from "../../src/model/runs";
import { STATUS_ICONS, isFinished } from "../../src/model/status";
import type { RunView } from "../../src/protocol";
import { STATUS_VALUES } from "../../src/protocol";
import { aRun, aStep, anError } from "./samples";

const STARTED = Date.parse("2026-11-21T10:00:00.000Z");

describe("rows of runs", () => {
  it("describe a finished run by status, duration, stack and age", () => {
    const run = aRun({ duration_s: 3.21, n_steps: 7, n_finished: 7 });
    assert.equal(runDescription(run, STARTED + 300_000), "completed · 3.2 s · default · 5 min ago");
  });

  it("count the seconds of a running run from its start, whatever the server said last", () => {
    const run = aRun({ status: "running", duration_s: 1, n_steps: 7, n_finished: 3 });
    assert.equal(runDescription(run, STARTED + 12_000), "running 3/7 · 12 s · default · just now");
  });

  it("count no second in which a run had ended and was not resumed yet", () => {
    const run = aRun({ status: "running", duration_s: 1, idle_s: 3_600, n_steps: 7, n_finished: 3 });
    assert.equal(runDescription(run, STARTED + 3_612_000), "running 3/7 · 12 s · default · 1 h ago");
  });

  it("show no duration before the start", () => {
    const run = aRun({ status: "initializing", started_at: "" });
    assert.equal(runDescription(run, STARTED), "initializing · default · just now");
  });

  it("describe steps: cached ones without a duration, failed ones with their error", () => {
    assert.equal(stepDescription(aStep({ status: "cached", duration_s: 0.001 }), STARTED), "cached");
    const error = anError("ValueError", "no rows\nand more");
    const failed = aStep({ status: "failed", duration_s: 0.3, error });
    assert.equal(stepDescription(failed, STARTED), "failed · 0.30 s · ValueError: no rows");
    const stopped = aStep({ status: "stopped", duration_s: 3.1, error: anError("Stopped", "The step was stopped.") });
    assert.equal(stepDescription(stopped, STARTED), "stopped · 3.1 s");
  });

  it("have an icon for every status", () => {
    assert.deepEqual(Object.keys(STATUS_ICONS).sort(), [...STATUS_VALUES].sort());
  });

  it("are painted in no colour that themes make half transparent", () => {
    const colors = Object.values(STATUS_ICONS).map(({ color }) => color);
    assert.ok(!colors.includes("charts.orange"));
  });

  it("know which statuses are final", () => {
    const open = STATUS_VALUES.filter((status) => !isFinished(status));
    assert.deepEqual(open, ["initializing", "queued", "running", "retrying", "stopping"]);
  });
});

describe("progress and outcome of a run", () => {
  it("say how many steps are done and which run", () => {
    const steps = ["a", "b", "c"].map((name) => aStep({ name, status: "running" }));
    const run = aRun({ status: "running", n_steps: 7, n_finished: 2, steps });
    assert.equal(progressMessage(run), "2 of 7 steps · a, b and 1 more running");
    assert.equal(progressMessage(aRun({ status: "stopping", n_steps: 1 })), "0 of 1 step · stopping");
    assert.equal(progressMessage(aRun({ status: "initializing" })), "initializing");
  });

  it("name status, duration, stack and what was cached", () => {
    const run = aRun({ duration_s: 12.4, n_steps: 7, n_cached: 2 });
    assert.equal(outcome(run), "training-1 completed in 12 s on stack default, 2 of 7 steps cached.");
  });

  it("name the step that failed and why", () => {
    const error = anError("ValueError", "no rows");
    const run = aRun({ status: "failed", steps: [aStep({ name: "train", status: "failed", error })] });
    assert.equal(outcome(run), "training-1 failed in step train: ValueError: no rows");
  });

  it("name why a run failed before any step", () => {
    const run = aRun({ status: "failed", error: anError("GraphError", "a circle") });
    assert.equal(outcome(run), "training-1 failed: GraphError: a circle");
  });

  it("tell an interrupted run from a stopped one", () => {
    assert.match(outcome(aRun({ status: "interrupted" })), /was interrupted: its process is gone/);
    assert.match(outcome(aRun({ status: "stopped", duration_s: 2 })), /stopped after 2\.0 s/);
  });

  it("find the module that an environment lacks", () => {
    assert.equal(missingModule("ModuleNotFoundError: No module named 'sklearn.svm'"), "sklearn");
    assert.equal(missingModule("ValueError: no module"), undefined);
  });
});

describe("a fresh first page", () => {
  const run = (id: string, at: number): RunView => aRun({ id, created_at: new Date(STARTED + at).toISOString() });
  const ids = (runs: readonly RunView[]): string[] => runs.map((one) => one.id);

  it("comes over what was shown, and keeps the pages after it", () => {
    const shown = [run("c", 3), run("b", 2), run("a", 1)];
    const page = { items: [run("d", 4), run("c", 3)], total: 4, next: "cursor" };
    assert.deepEqual(ids(mergeFirstPage(shown, page)), ["d", "c", "b", "a"]);
  });

  it("drops a run that was deleted", () => {
    const shown = [run("c", 3), run("b", 2), run("a", 1)];
    const page = { items: [run("c", 3), run("a", 1)], total: 2, next: null };
    assert.deepEqual(ids(mergeFirstPage(shown, page)), ["c", "a"]);
    const first = { items: [run("b", 2)], total: 2, next: "cursor" };
    assert.deepEqual(ids(mergeFirstPage(shown, first)), ["b", "a"]);
  });

  it("orders runs of the same moment by id", () => {
    const shown = [run("b", 1), run("a", 1)];
    assert.deepEqual(ids(mergeFirstPage(shown, { items: [run("b", 1)], total: 2, next: "x" })), ["b", "a"]);
  });
});
