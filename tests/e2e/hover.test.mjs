/** A hover stays under a pointer that rests, whatever else goes on: rows that say nothing new are not drawn again. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { story } from "./fixture.mjs";
import { Stackyard } from "./pages/stackyard.mjs";
import { eventually } from "./workspace.mjs";

/** Long enough for what counts seconds to have counted some. */
const REST_MS = 3_500;

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
  await scratch.stackyard(folder, "stack", "register", "first", "-o", "default", "-a", "default");
}

story("hover", { prepare }, (step) => {
  let stackyard;

  step("stays on a stack while others are registered", async ({ workbench, scratch, folder }) => {
    stackyard = new Stackyard(workbench);
    await stackyard.show(stackyard.stacks);
    await stackyard.waitForActive("default");
    await stackyard.stacks.hover("first");
    await scratch.stackyard(folder, "stack", "register", "second", "-o", "default", "-a", "default");
    await stackyard.stacks.waitFor("second");
    await workbench.page.waitForTimeout(REST_MS); // the check of all stacks comes after the list
    await eventually("the hover is there", async () => /^first \(stack\)/.test(await shownHover(stackyard.stacks)));
  });

  step("stays on a run and on its step while they go on", async ({ workbench, endOfRun }) => {
    await stackyard.show(stackyard.runs);
    await stackyard.runFromPalette("slow_pipeline");
    const run = await eventually("the run is there", async () => (await stackyard.newestRun()).run);
    await stackyard.runs.expand(run.label);
    await stackyard.runs.waitFor("wait_for_the_file");
    await eventually("the step is running", async () =>
      /^running/.test((await stackyard.newestRun()).steps[0]?.description ?? ""),
    );
    for (const row of [run.label, "wait_for_the_file"]) {
      const text = await stackyard.runs.hover(row);
      assert.ok(text.startsWith(row), text);
      await workbench.page.waitForTimeout(REST_MS);
      assert.equal(await shownHover(stackyard.runs), text);
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
