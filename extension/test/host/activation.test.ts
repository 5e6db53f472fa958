import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { commands, extensions } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import { eventually, readyExtension } from "./host";

interface Manifest {
  readonly contributes: { readonly commands: readonly { readonly command: string }[] };
}

suite("activation", () => {
  let parts: StackyardExtension;

  suiteSetup(async () => {
    parts = await readyExtension();
  });

  test("the server answers, isolated and with the home that the environment names", async () => {
    const status = await parts.api.status();
    assert.equal(status.home, process.env["STACKYARD_HOME"]);
    assert.match(status.python, /^3\.1\d\.\d+/);
    assert.equal(status.active.name, "default");
    assert.equal(parts.status().serves, true);
  });

  test("every contributed command is registered", async () => {
    const manifest = extensions.getExtension("stackyard.stackyard")?.packageJSON as Manifest;
    const registered = new Set(await commands.getCommands(true));
    const missing = manifest.contributes.commands.map(({ command }) => command).filter((id) => !registered.has(id));
    assert.deepEqual(missing, []);
  });

  test("an item command without an item does nothing, and says nothing", async () => {
    for (const id of [
      "stackyard.setting.copyValue",
      "stackyard.pipeline.open",
      "stackyard.step.open",
      "stackyard.list.loadMore",
    ]) {
      await commands.executeCommand(id);
    }
  });

  test("the status bar names the active stack", async () => {
    await eventually("the status bar names default", () => parts.statusBar.text() === "$(layers) default");
  });

  test("a server that dies is started again, and everything is there again", async () => {
    const before = parts.server.connection();
    assert.ok(before);
    const phases: string[] = [];
    const listener = parts.server.onDidChangePhase((phase) => phases.push(phase.kind));
    // Ends the process as a crash does: without the client having asked for it.
    await before.sendNotification("exit");
    await eventually("the server is ready again", () => phases.includes("starting") && phases.at(-1) === "ready");
    listener.dispose();
    assert.notEqual(parts.server.connection(), before);
    assert.equal((await parts.api.stacks()).active.name, "default");
  });

  test("many restarts at once are two at most", async () => {
    let starts = 0;
    const listener = parts.server.onDidChangePhase((phase) => {
      if (phase.kind === "starting") starts += 1;
    });
    await Promise.all([1, 2, 3, 4, 5].map(async () => parts.server.restart()));
    await wait(100);
    listener.dispose();
    assert.equal(starts, 2);
    assert.equal(parts.server.phase().kind, "ready");
  });
});
