import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigurationTarget, commands, workspace } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import { eventually, folder, readyExtension } from "./host";

/** Sets the interpreter for the workspace, as a user does in its settings. */
async function set(path: string | undefined): Promise<void> {
  await workspace.getConfiguration("stackyard").update("interpreter", path, ConfigurationTarget.Workspace);
}

suite("interpreter without the Python extension", () => {
  let parts: StackyardExtension;
  const bin = (): string => join(folder(), ".venv", "bin");

  suiteSetup(async () => {
    parts = await readyExtension();
  });

  suiteTeardown(async () => {
    await set(undefined);
    rmSync(join(folder(), ".venv"), { recursive: true, force: true });
  });

  test("is python3 on PATH when there is nothing else", () => {
    const chosen = parts.interpreter.current();
    assert.equal(chosen?.source, "path");
    assert.equal(basename(chosen.path), "python3");
  });

  test("becomes .venv of the workspace once there is one, at the latest when a run asks", async () => {
    const python = parts.interpreter.current()?.path ?? "";
    mkdirSync(bin(), { recursive: true });
    symlinkSync(python, join(bin(), "python"));
    writeFileSync(join(folder(), ".venv", "pyvenv.cfg"), "home = /usr/bin\n");
    await parts.environment.check();
    assert.equal(parts.interpreter.current()?.path, join(bin(), "python"));
    assert.equal(parts.interpreter.current()?.source, "virtual environment");
  });

  test("is the one that is set, before all others", async () => {
    const other = join(folder(), "other-python");
    writeFileSync(other, `#!/bin/sh\nexec "${join(bin(), "python")}" "$@"\n`);
    chmodSync(other, 0o755);
    await set(other);
    await eventually("the set one is chosen", () => parts.interpreter.current()?.path === other);
    assert.equal(parts.interpreter.current()?.source, "setting");
    rmSync(other);
  });

  test("that is set and not there is named, with a button that mends it", async () => {
    await set("${workspaceFolder}/gone/python");
    await eventually("it is chosen", () => parts.interpreter.current()?.path === join(folder(), "gone", "python"));
    await eventually("the status says so", async () => {
      await parts.environment.check();
      return parts.status().kind === "unusableInterpreter";
    });
    const status = parts.status();
    assert.ok(status.serves, "the views go on working");
    assert.ok(status.problem.includes("gone"), status.problem);
    assert.equal(status.remedy?.command, "stackyard.interpreter.select");
    await commands.executeCommand("stackyard.pipeline.run"); // is refused before it asks which one: it ends by itself
    await set(undefined);
    await eventually(".venv is chosen again", () => parts.interpreter.current()?.source === "virtual environment");
  });

  test("lists all there are, each once", async () => {
    const all = await parts.interpreter.all();
    assert.equal(new Set(all.map(({ path }) => path)).size, all.length);
    assert.equal(all[0]?.source, "virtual environment");
    assert.ok(all.some(({ source }) => source === "path"));
  });
});
