import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { setTimeout as wait } from "node:timers/promises";
import { ThemeIcon, Uri, commands, env, window } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import type { StackListResult } from "../../src/protocol";
import { method } from "../../src/protocol";
import type { TreeNode } from "../../src/views/tree";
import { type StackRow, eventually, folder, labelOf, readyExtension, row, rows, tooltip } from "./host";

const STACK = "second";
const STORE = "second_store";
const run = promisify(execFile);
/** From the click until tree and status bar are told to draw. */
const SWITCH_MS = 150;

suite("stacks", () => {
  let parts: StackyardExtension;

  const labels = async (): Promise<string[]> =>
    (await rows(parts.views.stacks)).map((node) => labelOf(parts.views.stacks, node));

  /** What somebody types in a terminal. */
  const shell = async (...words: string[]): Promise<void> => {
    const python = join(process.env["STACKYARD_TEST_ROOT"] ?? "", ".venv", "bin", "python");
    await run(python, ["-m", "stackyard", ...words], { cwd: folder() });
  };

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
    await eventually("both stacks are there", async () => (await labels()).join() === `default,${STACK}`);
    // The best of three: a moment in which the machine is busy with something else says nothing about the extension.
    const times: number[] = [];
    for (const name of ["third", "fourth", "fifth"]) {
      await shell("stack", "register", name, "-o", "default", "-a", STORE);
      const begun = performance.now();
      await eventually(`${name} is there`, async () => (await labels()).includes(name));
      times.push(performance.now() - begun);
      await shell("stack", "delete", name, "--yes");
    }
    assert.ok(Math.min(...times) < 1000, times.map((ms) => `${ms.toFixed(0)} ms`).join(", "));
    await eventually("they are gone", async () => (await labels()).join() === `default,${STACK}`);
  });

  test("a change draws the rows that it changed, and no others: these keep their hover", async () => {
    const tree = parts.views.stacks;
    // What the test before changed is drawn by now.
    await Promise.all([parts.stores.stacks.refresh(), parts.stores.checks.refresh()]);
    await eventually("the checks are there", () => parts.stores.checks.peek());
    await rows(tree);
    await wait(50);
    const drawn: string[] = [];
    const listener = tree.onDidChangeTreeData((node) => drawn.push(node?.id ?? "everything"));
    await Promise.all([parts.stores.stacks.refresh(), parts.stores.checks.refresh()]);
    await wait(50);
    assert.equal(drawn.join(), "", "nothing changed");
    await shell("stack", "update", STACK, "--label", "team=vision");
    await eventually("the change is drawn", () => drawn.length > 0);
    assert.deepEqual([...new Set(drawn)], [(await row(tree, STACK)).id]);
    listener.dispose();
  });

  test("a stack that is new waits for who reads a hover, and comes when they have stopped", async () => {
    const tree = parts.views.stacks;
    const node = await row(tree, STACK);
    const drawn: string[] = [];
    const listener = tree.onDidChangeTreeData((one) => drawn.push(one?.id ?? "everything"));
    const connection = parts.server.connection();
    assert.ok(connection);
    await tooltip(tree, node);
    const reader = setInterval(() => void tooltip(tree, node), 1_000); // however slow this machine is
    const components = { orchestrator: "default", artifact_store: STORE };
    await connection.sendRequest(method.stackRegister, { name: "third", components });
    await eventually("it is known", () => parts.stores.stacks.peek()?.items.some(({ name }) => name === "third"));
    await wait(50);
    clearInterval(reader);
    assert.equal(drawn.join(), "");
    tree.stopReading();
    await eventually("it is drawn", () => drawn.length > 0);
    assert.deepEqual(drawn, ["everything"]);
    listener.dispose();
    await shell("stack", "delete", "third", "--yes");
    await eventually("it is gone", async () => (await labels()).join() === `default,${STACK}`);
  });

  test("what keeps the text of a hover from being fetched is told there", async () => {
    const node = (await row(parts.views.stacks, STACK)) as StackRow;
    const { stack } = node;
    node.stack = { ...stack, id: "00000000-0000-7000-8000-00000000dead" };
    assert.match((await tooltip(parts.views.stacks, node)).replaceAll("&nbsp;", " "), /There is no stack/);
    node.stack = stack;
  });

  test("components and settings are below, the active stack is marked", async () => {
    const tree = parts.views.stacks;
    const node = await row(tree, "default");
    const item = tree.getTreeItem(node);
    assert.match(String(item.description), /^active · /);
    assert.equal(item.contextValue, "stack.active");
    const store = (await rows(tree, node))[1];
    assert.ok(store);
    assert.equal(labelOf(tree, store), "default");
    assert.equal(tree.getTreeItem(store).description, "artifact store · local");
    const [setting] = await rows(tree, store);
    assert.ok(setting);
    await commands.executeCommand("stackyard.setting.copyValue", setting);
    assert.equal(await env.clipboard.readText(), tree.getTreeItem(setting).description);
  });

  test("the tooltip of a component is the server's own text", async () => {
    const tree = parts.views.stacks;
    const node = await row(tree, STORE, await row(tree, STACK));
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

  suite("one that can't be used", () => {
    const BROKEN = "broken";
    let asked: { message: string; detail: string }[];
    let answer: string | undefined;

    const broken = async (): Promise<StackRow> => (await row(parts.views.stacks, BROKEN)) as StackRow;
    const iconOf = (node: TreeNode): string => {
      const { iconPath } = parts.views.stacks.getTreeItem(node);
      return iconPath instanceof ThemeIcon ? iconPath.id : "";
    };

    suiteSetup(async () => {
      parts.dialogs.ask = async <T extends string>(message: string, detail: string): Promise<T | undefined> => {
        asked.push({ message, detail });
        return Promise.resolve(answer as T | undefined);
      };
      const connection = parts.server.connection();
      assert.ok(connection);
      await connection.sendRequest(method.componentRegister, {
        component_type: "alerter",
        name: "hook",
        flavor: "webhook",
        configuration: { url: "{{hook.url}}" },
      });
      const components = { orchestrator: "default", artifact_store: "default", alerter: "hook" };
      await connection.sendRequest(method.stackRegister, { name: BROKEN, components });
      await eventually("the broken stack is marked", async () => {
        const known = (await labels()).includes(BROKEN);
        return known && iconOf(await broken()) === "warning";
      });
    });

    setup(() => {
      asked = [];
      answer = undefined;
    });

    test("is marked, and its tooltip says why and what to do", async () => {
      const node = await broken();
      assert.match(await tooltip(parts.views.stacks, node), /stackyard secret create hook --url=-/);
      assert.match(String(parts.views.stacks.getTreeItem(node).accessibilityInformation?.label), /can't be used/);
      assert.equal(iconOf(await row(parts.views.stacks, STACK)), "layers");
    });

    test("is switched to only after a question", async () => {
      await commands.executeCommand("stackyard.stack.switch", await broken());
      assert.equal(await active(), "default");
      assert.equal(asked.length, 1);
      assert.match(asked[0]?.detail ?? "", /Alerter 'hook': .*\{\{hook\.url\}\}/);
      answer = "Switch Anyway";
      await commands.executeCommand("stackyard.stack.switch", await broken());
      assert.equal(await active(), BROKEN);
      assert.ok(parts.statusBar.text().includes("$(warning)"));
      answer = undefined;
      await commands.executeCommand("stackyard.stack.switch", await row(parts.views.stacks, "default"));
      assert.equal(await active(), "default", "a healthy stack is switched to at once");
      assert.equal(asked.length, 2);
    });

    test("shows the details instead when they are asked for", async () => {
      answer = "Show Details";
      await commands.executeCommand("stackyard.stack.switch", await broken());
      assert.equal(await active(), "default");
      await eventually("the page is open", () =>
        window.tabGroups.all.some((group) => group.tabs.some((tab) => tab.label.includes(`Check of ${BROKEN}`))),
      );
      const page = parts.checkPages.text(Uri.parse(`stackyard-check:/Check of ${BROKEN}.md`));
      assert.match(page, /stackyard secret create hook --url=-/);
      await commands.executeCommand("workbench.action.closeAllEditors");
    });

    test("is switched to at once when the check costs nothing, within the budget", async () => {
      const times: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        for (const name of [STACK, "default"]) {
          const node = await row(parts.views.stacks, name);
          const updated = new Promise<void>((resolve) => {
            const listener = parts.stores.stacks.onDidChange(() => {
              if (!parts.statusBar.text().includes(name)) return;
              listener.dispose();
              resolve();
            });
          });
          const begun = performance.now();
          const done = commands.executeCommand("stackyard.stack.switch", node);
          await updated;
          times.push(performance.now() - begun);
          await done;
        }
      }
      const median = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
      assert.ok(median < SWITCH_MS, `median ${median.toFixed(0)} ms of ${times.map((ms) => ms.toFixed(0)).join(", ")}`);
      assert.equal(asked.length, 0);
    });
  });
});
