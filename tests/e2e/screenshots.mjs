#!/usr/bin/env node
/**
 * Takes the pictures of the documentation: docs/images/<what>-<theme>.png, 1280x800, light and dark.
 *
 *   node tests/e2e/screenshots.mjs [light | dark]
 *
 * The .vsix is $STACKYARD_VSIX, else it is built. Everything shown is real: the example project is run.
 */
import fs from "node:fs";
import path from "node:path";
import { root } from "../../scripts/lib/paths.mjs";
import { buildPackage } from "../../scripts/package.mjs";
import { launchWorkbench } from "../../scripts/vscode/workbench.mjs";
import { Stackyard } from "./pages/stackyard.mjs";
import { Scratch, eventually } from "./workspace.mjs";

const IMAGES = path.join(root, "docs", "images");
const STACK = "a_new_local_stack";
const STORE = "my_artifact_store";
const PIPELINE = "training_pipeline";

async function takeAll(theme, vsix) {
  const scratch = new Scratch();
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
    await stackyard.waitForActive("default", { timeout: 60_000 });
    await workbench.openContainer("Stackyard");
    await stackyard.pipelines.welcome();
    await take("welcome");

    const folder = scratch.copyProject("examples/starter");
    await scratch.stackyard(folder, "init");
    await scratch.stackyard(folder, "artifact-store", "register", STORE, "--flavor=local");
    await scratch.stackyard(folder, "stack", "register", STACK, "-o", "default", "-a", STORE);
    await workbench.open(folder);
    await stackyard.waitForActive("default", { timeout: 60_000 });
    await workbench.openContainer("Stackyard");
    await stackyard.stacks.expand(STACK);
    await take("stacks");

    await workbench.runCommand("Stackyard: Switch Stack");
    await workbench.quickInput.waitOpen();
    await workbench.quickInput.rows();
    await take("switch");
    await workbench.quickInput.choose(STACK);
    await stackyard.waitForMarked(STACK);
    await take("switched");

    await workbench.editor.open("training.py");
    await stackyard.runFromPalette(PIPELINE);
    await eventually("a step is shown as running", async () => {
      const { run, steps } = await stackyard.newestRun();
      if (run?.expanded === "false") await stackyard.runs.expand(run.label);
      return steps.length > 3;
    });
    await page.waitForTimeout(300);
    await workbench.screenshot(path.join(IMAGES, `running-${theme}.png`));
    await notifications.waitFor(/completed in/, { timeout: 120_000 });
    await take("finished");
    await notifications.clear();

    await workbench.editor.open("stackyard.yaml");
    await workbench.editor.hover(`artifact_store: ${STORE}`, STORE);
    await take("hover", { pointer: true });

    await stackyard.show(stackyard.stacks, stackyard.artifacts);
    await stackyard.artifacts.expand(STORE);
    await stackyard.artifacts.expand("dataset");
    await stackyard.artifacts.click(["dataset", "v1"]);
    await workbench.webview().locator("table").first().waitFor();
    await take("artifact");
  } catch (error) {
    await workbench.screenshot(path.join(IMAGES, `failure-${theme}.png`));
    throw error;
  } finally {
    await workbench.close();
    scratch.remove();
  }
}

fs.mkdirSync(IMAGES, { recursive: true });
const themes = process.argv.length > 2 ? process.argv.slice(2) : ["light", "dark"];
const vsix = process.env.STACKYARD_VSIX || (await buildPackage()).vsix;
for (const theme of themes) await takeAll(theme, vsix);
