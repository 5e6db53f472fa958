import assert from "node:assert/strict";
import { explanationPage, verdict } from "../../src/model/explanations";
import type { ChangeView, RunExplanation, StepExplanation } from "../../src/protocol";

const step = (facts: Partial<StepExplanation> = {}): StepExplanation => ({
  step: "train",
  status: "completed",
  reused: false,
  from_run: "",
  reason: "code_changed",
  detail: "code of rates.py:RATE changed",
  compared_run: "training-1",
  changes: [],
  ...facts,
});

const change = (facts: Partial<ChangeView> = {}): ChangeView => ({
  part: "code",
  name: "rates.py:RATE",
  reason: "code_changed",
  before: "sha256:01",
  after: "sha256:02",
  diff: "--- before\n+++ after\n@@ -1 +1 @@\n-RATE = 0.2\n+RATE = 0.25\n",
  ...facts,
});

const page = (...steps: StepExplanation[]): string => {
  const found: RunExplanation = {
    run_id: "run-2",
    run: "training-2",
    pipeline: "training",
    artifact_store: "default",
    steps,
  };
  return explanationPage(found);
};

describe("why a step was reused or ran", () => {
  it("is a sentence", () => {
    assert.equal(verdict(step({ reused: true, from_run: "training-1" })), "Reused from run `training-1`.");
    assert.equal(verdict(step({ reused: true })), "Reused from a run that was deleted.");
    assert.equal(verdict(step({ detail: "parameter n changed" })), "It ran: parameter n changed.");
    assert.equal(verdict(step({ reason: null, status: "cached" })), "Taken as it was.");
    assert.equal(verdict(step({ reason: null, status: "skipped" })), "It is skipped: the cache was not asked.");
  });

  it("stands on a page, step by step, with the number of those that were reused", () => {
    const text = page(step({ step: "load", reused: true, from_run: "training-1" }), step());
    assert.match(text, /^# Run `training-2`\n\n1 of 2 steps were reused\./);
    assert.match(text, /## load\n\nReused from run `training-1`\.\n\n## train\n\nIt ran: /);
  });

  it("shows code as a diff, below its bullet", () => {
    const text = page(step({ changes: [change()] }));
    assert.ok(text.includes("- Code of `rates.py:RATE` changed:\n\n  ```diff\n  --- before\n"), text);
    assert.ok(text.includes("  +RATE = 0.25\n  ```"), text);
  });

  it("keeps code that holds a fence inside its own", () => {
    const text = page(step({ changes: [change({ diff: '+TEXT = """\n+```\n+"""\n' })] }));
    assert.ok(text.includes("  ````diff\n"), text);
    assert.ok(text.includes("  ````\n"), text);
  });

  it("shows values before and after, as they are", () => {
    const limit = change({ part: "parameters", name: "limit", before: 3, after: "a `tick`", diff: "" });
    assert.ok(page(step({ changes: [limit] })).includes("- Parameter `limit`: `3` → `` a `tick` ``"));
    const fresh = change({ part: "inputs", name: "rows", before: null, after: "rows 2", diff: "" });
    assert.ok(page(step({ changes: [fresh] })).includes("- Input `rows`: nothing → `rows 2`"));
  });

  it("shows no value of an environment variable", () => {
    const secret = change({ part: "environment", name: "TOKEN", before: "sha256:aa", after: "sha256:bb", diff: "" });
    const text = page(step({ changes: [secret] }));
    assert.ok(text.includes("- Environment variable `TOKEN` changed."), text);
    assert.ok(!text.includes("sha256"), text);
  });

  it("lets no name be read as Markdown", () => {
    assert.ok(page(step({ step: "<b>*x*" }), step()).includes(String.raw`## \<b\>\*x\*`));
  });
});
