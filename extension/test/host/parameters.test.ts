import assert from "node:assert/strict";
import { basename } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { commands, window } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import { eventually, readyExtension } from "./host";

const accept = async (): Promise<unknown> => commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");

suite("a first pipeline", () => {
  let parts: StackyardExtension;

  suiteSetup(async () => {
    parts = await readyExtension();
  });

  test("is written, opened, and runs with its defaults after one Enter", async () => {
    await commands.executeCommand("stackyard.project.createFirstPipeline");
    const file = window.activeTextEditor?.document.uri.fsPath ?? "";
    assert.equal(basename(file), "first_pipeline.py");
    await eventually("the server has found it", async () => {
      await parts.stores.pipelines.get();
      return parts.stores.pipelines.peek()?.pipelines.some((pipeline) => pipeline.file === file);
    });
    const ended = (async () => {
      await commands.executeCommand("stackyard.pipeline.run", file, "first_pipeline");
      return true;
    })();
    // The picker opens after a moment; without one there is nothing to accept.
    while (!(await Promise.race([ended, wait(500, false)]))) await accept();
    const { items } = await parts.api.runs({});
    const run = items.find((one) => one.pipeline === "first_pipeline");
    assert.equal(run?.status, "completed");
    assert.equal(items.filter((one) => one.pipeline === "first_pipeline").length, 1);
  });

  test("never takes the place of a file that is there", async () => {
    await commands.executeCommand("stackyard.project.createFirstPipeline");
    assert.equal(basename(window.activeTextEditor?.document.uri.fsPath ?? ""), "first_pipeline_2.py");
  });
});
