import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationTarget, workspace } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import { eventually, folder, readyExtension } from "./host";

async function choose(path: string | undefined): Promise<void> {
  await workspace.getConfiguration().update("python.stubInterpreter", path, ConfigurationTarget.Global);
}

suite("interpreter beside the Python extension", () => {
  let parts: StackyardExtension;
  let python: string;
  const own = (name: string): string => join(folder(), name, "bin", "python");

  suiteSetup(async () => {
    parts = await readyExtension();
    python = parts.interpreter.current()?.path ?? "";
    for (const name of [".venv", "chosen"]) {
      mkdirSync(join(folder(), name, "bin"), { recursive: true });
      symlinkSync(python, own(name));
    }
  });

  suiteTeardown(async () => {
    await choose(undefined);
    await workspace.getConfiguration("stackyard").update("interpreter", undefined, ConfigurationTarget.Workspace);
    for (const name of [".venv", "chosen"]) rmSync(join(folder(), name), { recursive: true, force: true });
  });

  test("is that extension's choice, before .venv, and follows it", async () => {
    await choose(own("chosen"));
    await eventually("the choice is followed", () => parts.interpreter.current()?.path === own("chosen"));
    assert.equal(parts.interpreter.current()?.source, "python extension");
    await choose(python);
    await eventually("another choice is followed", () => parts.interpreter.current()?.path === python);
  });

  test("is .venv while that extension has none", async () => {
    await choose("");
    await eventually(".venv is chosen", () => parts.interpreter.current()?.path === own(".venv"));
  });

  test("is the setting, whatever that extension says", async () => {
    await choose(own("chosen"));
    await workspace.getConfiguration("stackyard").update("interpreter", own(".venv"), ConfigurationTarget.Workspace);
    await eventually("the setting wins", () => {
      const chosen = parts.interpreter.current();
      return chosen?.path === own(".venv") && chosen.source === "setting";
    });
  });
});
