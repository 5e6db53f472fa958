/** A hover stays under a pointer that rests, whatever else goes on: rows that say nothing new are not drawn again. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { story } from "./fixture.mjs";
import { Stackyard } from "./pages/stackyard.mjs";
import { eventually } from "./workspace.mjs";

/** Long enough for what counts seconds to have counted some. */
const REST_MS = 2_500;
/** Several tries, on a machine that is slow. */
const TRIES_MS = 300_000;

const SLOW = `import time

from stackyard import pipeline, step


@step
def wait_for_the_file(file: str) -> None:
    from pathlib import Path

    while not Path(file).exists():
        time.sleep(0.1)


@pipeline
def slow_pipeline(file: str = __FILE__) -> None:
    wait_for_the_file(file)
`;

async function prepare(context) {
  const { folder, scratch } = context;
  context.endOfRun = path.join(scratch.dir, "the-run-may-end");
  fs.writeFileSync(path.join(folder, "slow.py"), SLOW.replace("__FILE__", JSON.stringify(context.endOfRun)));
  await scratch.stackyard(folder, "init");
  for (const name of ["first", "other"]) await register(context, name);
}

/** Registers a stack, as somebody does in a terminal. */
async function register({ scratch, folder }, name) {
  await scratch.stackyard(folder, "stack", "register", name, "-o", "default", "-a", "default");
}

story("hover", { prepare }, (step) => {
  let stackyard;

  step("stays on a stack while another one changes", async ({ workbench, scratch, folder }) => {
    stackyard = new Stackyard(workbench);
    await stackyard.show(stackyard.stacks);
    await stackyard.waitForActive("default");
    await rested(stackyard.stacks, "first", async () => {
      const other = (await stackyard.stacks.rows()).find(({ label }) => label.startsWith("other")).label;
      await scratch.stackyard(folder, "stack", "rename", other, `${other}s`);
      await stackyard.stacks.waitFor(`${other}s`); // the check of all stacks comes after it
    });
  });

  step("is there on a stack after others are registered", async (context) => {
    const { stacks } = stackyard;
    await stacks.hover("first");
    await register(context, "second");
    await stacks.waitFor("second");
    // All rows are drawn anew with it; the row under the pointer is another element then, which opens its hover.
    await eventually("the hover is there", async () => /^first \(stack\)/.test(await shownHover(stacks)));
    await context.workbench.page.waitForTimeout(REST_MS); // the check of all stacks comes after the list
    assert.match(await shownHover(stacks), /^first \(stack\)/);
  });

  step("stays on a run and on its step while they go on", async ({ workbench, endOfRun }) => {
    await stackyard.show(stackyard.runs);
    await stackyard.runFromPalette("slow_pipeline");
    const run = await eventually("the run is there", async () => (await stackyard.newestRun()).run);
    await stackyard.runs.expand(run.label);
    await stackyard.runs.waitFor("wait_for_the_file");
    await eventually("run and step are running", async () => {
      const { run: row, steps } = await stackyard.newestRun();
      return [row, ...steps].length === 2 && [row, ...steps].every(({ description }) => /^running/.test(description));
    });
    for (const row of [run.label, "wait_for_the_file"]) {
      const text = await rested(stackyard.runs, row);
      assert.ok(text.startsWith(row), text);
    }
    await workbench.page.mouse.move(2, 2);
    fs.writeFileSync(endOfRun, "");
    await workbench.notifications.waitFor(/completed in/);
  });

  step("left no error in the console", ({ workbench }) => {
    assert.deepEqual(workbench.browser.consoleErrors(), []);
  });
});

/** The text of the hover that is shown at this moment, or nothing. */
async function shownHover(tree) {
  const texts = await tree.shownHover.allInnerTexts();
  return (texts.at(-1) ?? "").trim();
}

/**
 * Rests the pointer on a row until its hover has stayed while something was done and a while longer; returns its text.
 *
 * A hover that opens while VS Code is just drawing the row is lost, and another try is made; what closes every one of
 * them fails.
 */
async function rested(tree, row, act) {
  return eventually(
    `the hover of ${row} stays`,
    async () => {
      const text = await tree.hover(row);
      const element = await tree.shownHover.elementHandle({ timeout: REST_MS });
      await act?.();
      // No longer than it stays: the row is not drawn again so soon after it was hovered, and so the next one will stay.
      await element.waitForElementState("hidden", { timeout: REST_MS }).catch(() => undefined);
      return (await element.isVisible()) ? text : undefined;
    },
    { timeout: TRIES_MS, every: 10 },
  );
}
