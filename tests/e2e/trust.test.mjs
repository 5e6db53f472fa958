/** Before a workspace is trusted nothing of it runs: no interpreter inside it is started. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { venvPython } from "../../scripts/lib/paths.mjs";
import { story } from "./fixture.mjs";
import { Stackyard } from "./pages/stackyard.mjs";
import { eventually } from "./workspace.mjs";

/** Long enough for the extension to have done everything that it does by itself. */
const QUIET_MS = 8_000;

const pipeline = (mark) => `from pathlib import Path

from stackyard import pipeline, step

Path(${JSON.stringify(mark)}).write_text("imported")


@step
def one() -> int:
    return 1


@pipeline
def trusting_pipeline() -> None:
    """Leaves a mark when its file is imported."""
    one()
`;

/** A workspace whose own interpreter, and whose code, leave a mark when they are run. */
async function prepare(context) {
  const { folder, scratch } = context;
  context.startedMark = path.join(scratch.dir, "interpreter-was-started");
  context.importedMark = path.join(scratch.dir, "code-was-imported");
  const bin = path.join(folder, ".venv", "bin");
  fs.mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\necho "$0 $*" >> '${context.startedMark}'\nexec '${venvPython}' "$@"\n`;
  for (const name of ["python", "python3"]) fs.writeFileSync(path.join(bin, name), script, { mode: 0o755 });
  fs.writeFileSync(path.join(folder, "trusting.py"), pipeline(context.importedMark));
  fs.writeFileSync(path.join(folder, "stackyard.yaml"), "version: 1\nproject:\n  name: trusting\n");
}

story("trust", { prepare, trust: true }, (step) => {
  let stackyard;

  step("opens the workspace in restricted mode", async ({ workbench }) => {
    stackyard = new Stackyard(workbench);
    await workbench.page.locator(".part.banner", { hasText: "Restricted Mode" }).waitFor();
  });

  step("shows stacks and pipelines, which needs nothing of the workspace", async () => {
    await stackyard.waitForActive("default");
    await stackyard.show(stackyard.stacks, stackyard.pipelines);
    await stackyard.stacks.waitFor("default");
    await stackyard.pipelines.waitFor("trusting_pipeline");
  });

  step(
    "starts no interpreter of the workspace and runs none of its code",
    async ({ workbench, startedMark, importedMark }) => {
      await workbench.editor.open("trusting.py");
      await workbench.page.waitForTimeout(QUIET_MS);
      assert.equal(read(startedMark), "");
      assert.equal(read(importedMark), "");
    },
  );

  step("does not run a pipeline either, and says why", async ({ workbench, startedMark, importedMark }) => {
    const titles = await workbench.paletteTitles("Stackyard: Run Pipeline");
    if (titles.includes("Stackyard: Run Pipeline")) {
      await workbench.runCommand("Stackyard: Run Pipeline");
      await workbench.notifications.waitFor(/trust/i);
    }
    await workbench.page.waitForTimeout(1_000);
    assert.equal(read(startedMark), "");
    assert.equal(read(importedMark), "");
  });

  step(
    "uses the workspace's interpreter once the workspace is trusted",
    async ({ workbench, startedMark, importedMark }) => {
      await workbench.runCommand("Workspaces: Manage Workspace Trust");
      await workbench.page
        .locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ })
        .first()
        .click();
      await eventually("the workspace's interpreter is started", () => read(startedMark));
      assert.equal(read(importedMark), "");
      await stackyard.runFromPalette("trusting_pipeline", { parameters: false });
      await eventually("the pipeline's file is imported", () => read(importedMark));
      await workbench.notifications.waitFor(/completed in/);
    },
  );
});

function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
}
