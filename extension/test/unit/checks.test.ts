import assert from "node:assert/strict";
import { checkOf, checkPage, errorLines, errorsOf } from "../../src/model/checks";
import type { CheckView, FindingView } from "../../src/protocol";

const finding = (severity: FindingView["severity"], subject: string, fix = ""): FindingView => ({
  severity,
  code: severity,
  subject,
  message: `Something about ${subject}.`,
  fix,
});

const check = (...findings: FindingView[]): CheckView => ({
  subject: "stack 'mine'",
  usable: findings.every(({ severity }) => severity !== "error"),
  findings,
});

describe("checks of stacks", () => {
  it("are found by the id of the stack, and nothing is wrong while nothing is known", () => {
    const found = check(finding("error", "alerter 'hook'"), finding("warning", "home"));
    const checks = { items: [{ id: "1", check: found }] };
    assert.deepEqual(
      errorsOf(checkOf(checks, "1")).map(({ subject }) => subject),
      ["alerter 'hook'"],
    );
    assert.deepEqual(errorsOf(checkOf(checks, "2")), []);
    assert.deepEqual(errorsOf(checkOf(undefined, "1")), []);
  });

  it("name some errors in a dialog and count the others; warnings keep nobody from switching", () => {
    const errors = [1, 2, 3, 4, 5].map((number) => finding("error", `alerter 'a${number}'`));
    const text = errorLines(check(finding("warning", "disk"), ...errors));
    assert.deepEqual(text.split("\n\n"), [
      "Alerter 'a1': Something about alerter 'a1'.",
      "Alerter 'a2': Something about alerter 'a2'.",
      "Alerter 'a3': Something about alerter 'a3'.",
      "… and 2 more errors",
    ]);
  });

  it("make a page with the problems first, their commands apart, and names as they are written", () => {
    const page = checkPage(
      "my_stack",
      check(finding("ok", "orchestrator 'o_o'"), finding("error", "alerter 'a_b'", "stackyard alerter update a_b")),
    );
    assert.ok(page.startsWith("# Stack my\\_stack\n\nIt can't be used as it is.\n"));
    assert.ok(page.includes("```sh\nstackyard alerter update a_b\n```"));
    assert.ok(page.indexOf("Alerter") < page.indexOf("Orchestrator"));
    assert.ok(page.includes("stackyard stack check my_stack"));
  });
});
