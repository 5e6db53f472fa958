#!/usr/bin/env node
/**
 * Takes the pictures of the documentation: docs/images/<what>-<theme>.png, 1280x800, light and dark.
 *
 *   node tests/e2e/screenshots.mjs [light | dark]
 *
 * The .vsix is $STACKYARD_VSIX, else it is built. Everything shown is real: the example project is run.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { buildPackage } from "../../scripts/package.mjs";
import { launchWorkbench } from "../../scripts/vscode/workbench.mjs";
import { Stackyard, statusOf } from "./pages/stackyard.mjs";
import { Scratch, eventually } from "./workspace.mjs";

const IMAGES = path.join(root, "docs", "images");
const STACK = "a_new_local_stack";
const STORE = "my_artifact_store";
const TEAM_STACK = "team_stack";
const SIDE_BAR = 380;
const PIPELINE = "training_pipeline";

async function takeAll(theme, vsix) {
  const scratch = new Scratch(path.join(os.tmpdir(), "stackyard")); // a path that reads well in the pictures
  const empty = scratch.makeFolder("my-project");
  const workbench = await launchWorkbench({ folder: empty, vsix, theme, env: scratch.env });
  const stackyard = new Stackyard(workbench);
  const { page, notifications } = workbench;
  const take = async (name, { pointer = false } = {}) => {
    if (!pointer) await page.mouse.move(640, 790); // no row is drawn as hovered
    await page.waitForTimeout(700); // what is still being drawn
    await workbench.screenshot(path.join(IMAGES, `${name}-${theme}.png`));
    console.log(`${name}-${theme}.png`);
  };
  try {
    await workbench.openContainer("Stackyard"); // which is what starts the extension in a folder without a project
    await stackyard.waitForActive("default", { timeout: 60_000 });
    await eventually("the views are loaded", async () => (await stackyard.pipelines.welcome()).buttons.length > 0);
    await take("welcome");

    const folder = scratch.copyProject("examples/starter");
    growForest(path.join(folder, "steps", "model_trainer.py"));
    await scratch.stackyard(folder, "init");
    await scratch.stackyard(folder, "artifact-store", "register", STORE, "--flavor=local");
    await scratch.stackyard(folder, "stack", "register", STACK, "-o", "default", "-a", STORE);
    await workbench.open(folder);
    await stackyard.waitForActive("default", { timeout: 60_000 });
    await workbench.openContainer("Stackyard");
    await workbench.widenSideBar(SIDE_BAR);
    await stackyard.stacks.expand(STACK);
    await stackyard.stacks.expand(STORE);
    await take("stacks");

    await scratch.stackyard(folder, "experiment-tracker", "register", "training_experiments", "--flavor=mlflow");
    await scratch.stackyard(folder, "alerter", "register", "team_channel", "--flavor=webhook", "--url={{chat.url}}");
    const more = ["--experiment-tracker", "training_experiments", "--alerter", "team_channel"];
    await scratch.stackyard(folder, "stack", "register", TEAM_STACK, "-o", "default", "-a", STORE, ...more);
    await stackyard.stacks.waitFor(TEAM_STACK);
    await page.locator(".monaco-list-row", { hasText: TEAM_STACK }).locator(".codicon-warning").waitFor();
    await stackyard.stacks.click(TEAM_STACK);
    await notifications.dialog.waitFor();
    await take("check");
    await notifications.answerDialog("Cancel");

    await workbench.runCommand("Stackyard: Switch Stack");
    await workbench.quickInput.waitOpen();
    await workbench.quickInput.rows();
    await take("switch");
    await workbench.quickInput.choose(STACK);
    await stackyard.waitForMarked(STACK);
    await take("switched");

    await workbench.editor.open("training.py");
    await stackyard.runFromPalette(PIPELINE);
    await eventually(
      "the models are being trained",
      async () => {
        const { run, steps } = await stackyard.newestRun();
        if (run?.expanded === "false") await stackyard.runs.expand(run.label);
        const trainer = steps.find((step) => step.label === "random_forest_trainer");
        return trainer && statusOf(trainer) === "running";
      },
      { timeout: 90_000, every: 20 },
    );
    await page.waitForTimeout(700); // the tree's own refresh
    await workbench.screenshot(path.join(IMAGES, `running-${theme}.png`));
    console.log(`running-${theme}.png`);
    await notifications.waitFor(/completed in/, { timeout: 120_000 });
    await take("finished");
    await notifications.press(/completed in/, "Open Run");
    await workbench.page.locator(".tab.active", { hasText: ".log" }).waitFor();
    await notifications.clear();
    await take("run-log");

    await workbench.editor.open("stackyard.yaml");
    await workbench.editor.hover(`artifact_store: ${STORE}`, STORE);
    await take("hover", { pointer: true });

    await stackyard.show(stackyard.stacks, stackyard.artifacts);
    await stackyard.artifacts.expand(STORE);
    await stackyard.artifacts.expand("dataset");
    await stackyard.artifacts.click(["dataset", "v1"]);
    await workbench.webview().locator("table").first().waitFor();
    await take("artifact");

    const trainer = path.join(folder, "steps", "model_trainer.py");
    fs.writeFileSync(
      trainer,
      fs.readFileSync(trainer, "utf8").replace("n_estimators: int = 2000", "n_estimators: int = 90"),
    );
    await scratch.stackyard(folder, "run", `pipelines/training.py:${PIPELINE}`);
    await stackyard.show(stackyard.stacks, stackyard.runs);
    await stackyard.runs.expand(`${PIPELINE}-2`);
    await stackyard.runs.contextMenu("random_forest_trainer", "Why Reused or Run?");
    await workbench.webview().locator("body", { hasText: "n_estimators" }).waitFor();
    await take("explain");
  } catch (error) {
    await workbench.screenshot(path.join(IMAGES, `failure-${theme}.png`));
    throw error;
  } finally {
    await workbench.close();
    scratch.remove();
  }
}

/** Lets one step of the example run for seconds: long enough to be seen running. */
function growForest(file) {
  const text = fs.readFileSync(file, "utf8");
  const longer = text.replace("n_estimators: int = 100", "n_estimators: int = 2000");
  if (longer === text) throw new Error(`${file} has no n_estimators to change`);
  fs.writeFileSync(file, longer);
}

fs.mkdirSync(IMAGES, { recursive: true });
const themes = process.argv.length > 2 ? process.argv.slice(2) : ["light", "dark"];
const vsix = process.env.STACKYARD_VSIX || (await buildPackage()).vsix;
for (const theme of themes) await takeAll(theme, vsix);
