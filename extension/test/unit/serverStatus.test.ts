import assert from "node:assert/strict";
import { type EnvironmentFacts, type ServerPhase, statusOf } from "../../src/model/serverStatus";

const USABLE: EnvironmentFacts = { kind: "usable", python: "3.11.7", importable: true };
const BROKEN: EnvironmentFacts = {
  kind: "unusable",
  problem: "pydantic 1 is too old",
  hint: "Upgrade.",
  installHelps: true,
};

describe("the status", () => {
  it("is one of five, and every one that needs mending has a button", () => {
    const phases: readonly ServerPhase[] = [
      { kind: "noPython" },
      { kind: "unusablePython", problem: "Python 3.8 is too old" },
      { kind: "failed", problem: "it ended" },
    ];
    for (const phase of phases) {
      const status = statusOf(phase, USABLE);
      assert.ok(!status.serves);
      assert.notEqual(status.problem, "");
      assert.notEqual(status.remedy, undefined, status.kind);
    }
    assert.equal(statusOf({ kind: "idle" }, USABLE).kind, "starting");
    assert.equal(statusOf({ kind: "starting" }, USABLE).remedy, undefined);
    assert.equal(statusOf({ kind: "ready" }, USABLE).kind, "ready");
  });

  it("lets the views work while only the environment for runs is unusable", () => {
    const status = statusOf({ kind: "ready" }, BROKEN);
    assert.equal(status.kind, "unusableInterpreter");
    assert.ok(status.serves);
    assert.equal(status.problem, "pydantic 1 is too old");
    assert.equal(status.remedy?.command, "stackyard.environment.install");
    const tooOld = statusOf({ kind: "ready" }, { ...BROKEN, installHelps: false });
    assert.equal(tooOld.remedy?.command, "stackyard.interpreter.select");
    assert.equal(statusOf({ kind: "ready" }, { kind: "none" }).kind, "noInterpreter");
  });
});
