import assert from "node:assert/strict";
import { formatLogLine, logErrors, logHeader, stepWidth } from "../../src/model/logs";
import type { LogLine } from "../../src/protocol";
import { aRun, aStep, anError } from "./samples";

const line = (facts: Partial<LogLine>): LogLine => ({
  at: "2026-11-21T10:00:03.125Z",
  step: "train",
  stream: "stdout",
  level: "",
  text: "epoch 1",
  ...facts,
});

describe("lines of a log", () => {
  it("stand in columns of time, step and text", () => {
    assert.match(formatLogLine(line({}), 8), /^\d\d:\d\d:03\.125 {2}train {5}│ epoch 1$/);
  });

  it("leave the step out in the log of one step", () => {
    assert.match(formatLogLine(line({}), 0), /^\d\d:\d\d:03\.125 {2}│ epoch 1$/);
  });

  it("mark stderr without colours, and levels of logging", () => {
    assert.match(formatLogLine(line({ stream: "stderr" }), 5), /┃ epoch 1$/);
    assert.match(formatLogLine(line({ stream: "log", level: "warning" }), 5), /│ WARNING epoch 1$/);
  });

  it("without a time keep their columns", () => {
    assert.equal(formatLogLine(line({ at: "" }), 5).length, formatLogLine(line({}), 5).length);
  });

  it("have room for the longest name, within reason", () => {
    assert.equal(stepWidth(["a", "train"]), 5);
    assert.equal(stepWidth(["x".repeat(100)]), 32);
    assert.equal(stepWidth([]), 0);
  });

  it("follow a header that says what this is", () => {
    const [what, where] = logHeader(aRun({ stack_origin: "project" }), "train");
    assert.equal(what, "# Step train of run training-1 · completed");
    assert.equal(where, "# pipeline training · stack default (set for this project) · artifact store default");
  });
});

describe("the end of a log", () => {
  const error = { ...anError("ValueError", "no rows"), traceback: "Traceback:\n  line 1\n", hint: "Load some." };
  const failed = aStep({ name: "train", status: "failed", error });
  const run = aRun({
    status: "failed",
    error: anError("ValueError", "no rows"),
    steps: [aStep({ name: "load" }), failed],
  });

  it("says why a step failed, once", () => {
    const expected = ["", "# The step train failed", "Traceback:", "  line 1", "# Load some."];
    assert.deepEqual(logErrors(run, undefined), expected);
    assert.deepEqual(logErrors(run, "train"), expected);
    assert.deepEqual(logErrors(run, "load"), []);
  });

  it("says why a run failed before any step", () => {
    const early = aRun({ status: "failed", error: anError("GraphError", "a circle") });
    assert.deepEqual(logErrors(early, undefined), ["", "# The run failed", "GraphError: a circle"]);
    assert.deepEqual(logErrors(aRun(), undefined), []);
  });
});
