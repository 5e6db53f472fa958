import assert from "node:assert/strict";
import { setTimeout as wait } from "node:timers/promises";
import { commands, env } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import type { StackListResult } from "../../src/protocol";
import { method } from "../../src/protocol";
import { type StackRow, eventually, labelOf, readyExtension, row, rows, tooltip } from "./host";

const STACK = "second";
const STORE = "second_store";

suite("stacks", () => {
  let parts: StackyardExtension;

  const labels = async (): Promise<string[]> =>
    (await rows(parts.views.stacks)).map((node) => labelOf(parts.views.stacks, node));

  const active = async (): Promise<string> => {
    const { items }: StackListResult = await parts.api.stacks();
    return items.find((stack) => stack.active)?.name ?? "";
  };

  suiteSetup(async () => {
    parts = await readyExtension();
    const connection = parts.server.connection();
    assert.ok(connection);
    await connection.sendRequest(method.componentRegister, {
      component_type: "artifact_store",
      name: STORE,
      flavor: "local",
      configuration: {},
    });
    const components = { orchestrator: "default", artifact_store: STORE };
    await connection.sendRequest(method.stackRegister, { name: STACK, components });
  });

  test("a stack registered by whatever hand shows within a second", async () => {
    await eventually("both stacks are there", async () => (await labels()).join() === `default,${STACK}`, 1000);
  });

  test("components and settings are below, the active stack is marked", async () => {
    const tree = parts.views.stacks;
    const node = await row(tree, "default");
    const item = tree.getTreeItem(node);
    assert.match(String(item.description), /^active · /);
    assert.equal(item.contextValue, "stack.active");
    const store = await row(tree, "artifact store: default", node);
    assert.equal(tree.getTreeItem(store).description, "local");
    const [setting] = await rows(tree, store);
    assert.ok(setting);
    await commands.executeCommand("stackyard.setting.copyValue", setting);
    assert.equal(await env.clipboard.readText(), tree.getTreeItem(setting).description);
  });

  test("the tooltip of a component is the server's own text", async () => {
    const tree = parts.views.stacks;
    const node = await row(tree, `artifact store: ${STORE}`, await row(tree, STACK));
    const described = await parts.api.describeComponent({ component_type: "artifact_store", component: STORE });
    assert.equal(await tooltip(tree, node), described.markdown);
    assert.ok(described.markdown.includes(STACK));
  });

  test("a switch shows in server, tree and status bar, and can be undone", async () => {
    const node = await row(parts.views.stacks, STACK);
    await commands.executeCommand("stackyard.stack.switch", node);
    assert.equal(await active(), STACK);
    assert.deepEqual(await labels(), [STACK, "default"]);
    assert.ok(parts.statusBar.text().includes(STACK));
    const before = parts.stores.stacks.peek()?.items.find((stack) => stack.name === "default");
    await commands.executeCommand("stackyard.stack.undoSwitch", before?.id);
    assert.equal(await active(), "default");
    assert.deepEqual(await labels(), ["default", STACK]);
  });

  test("a switch to a stack that is gone is told, and changes nothing", async () => {
    const node = (await row(parts.views.stacks, STACK)) as StackRow;
    const { stack } = node;
    node.stack = { ...stack, id: "00000000-0000-7000-8000-00000000dead", name: "gone" };
    await commands.executeCommand("stackyard.stack.switch", node);
    node.stack = stack;
    assert.equal(await active(), "default");
  });

  test("the same row object stands for the same stack, however often it is fetched", async () => {
    const before = await row(parts.views.stacks, STACK);
    await commands.executeCommand("stackyard.view.refresh");
    await wait(50);
    assert.equal(await row(parts.views.stacks, STACK), before);
  });
});
