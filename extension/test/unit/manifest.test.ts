import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND_IDS } from "../../src/commands/ids";
import { STATUS_ICONS } from "../../src/model/status";

interface Manifest {
  readonly icon: string;
  readonly capabilities: { untrustedWorkspaces: { restrictedConfigurations: readonly string[] } };
  readonly contributes: {
    readonly commands: readonly { command: string; title: string; category: string }[];
    readonly menus: Readonly<Record<string, readonly { command: string; when?: string }[]>>;
    readonly views: { readonly stackyard: readonly { id: string; icon: string }[] };
    readonly viewsWelcome: readonly { view: string; contents: string; when: string }[];
    readonly configuration: { readonly properties: Readonly<Record<string, { scope: string }>> };
  };
}

const root = process.cwd();
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const { commands, menus, views, viewsWelcome, configuration } = manifest.contributes;
const source = (file: string): string => readFileSync(join(root, "extension", "src", file), "utf8");

describe("package.json", () => {
  it("contributes exactly the commands that have a handler", () => {
    assert.deepEqual(commands.map(({ command }) => command).sort(), [...COMMAND_IDS].sort());
  });

  it("gives every command the category and a title of its own", () => {
    for (const { command, category } of commands) assert.equal(category, "Stackyard", command);
    assert.equal(new Set(commands.map(({ title }) => title)).size, commands.length);
  });

  it("has no menu of a command that does not exist", () => {
    const known = new Set<string>(COMMAND_IDS);
    for (const [menu, items] of Object.entries(menus)) {
      for (const { command } of items) assert.ok(known.has(command), `${menu}: ${command}`);
    }
  });

  it("contributes exactly the views that are made", () => {
    const made = [...source("views/views.ts").matchAll(/"(stackyard\.views\.\w+)"/g)].map(([, id]) => id);
    assert.deepEqual(views.stackyard.map(({ id }) => id).sort(), made.sort());
  });

  it("welcomes with one button at most, of a command that exists", () => {
    const known = new Set<string>([...COMMAND_IDS, "vscode.openFolder", "workbench.trust.manage"]);
    for (const { view, contents } of viewsWelcome) {
      const buttons = contents.split("\n").filter((line) => /^\[.*\]\(command:[\w.]+\)$/.test(line));
      assert.ok(buttons.length <= 1, `${view}: ${contents}`);
      for (const [, command] of contents.matchAll(/\(command:([\w.]+)\)/g))
        assert.ok(known.has(command ?? ""), command);
    }
  });

  it("asks only for context keys that are set", () => {
    const set = new Set([...source("vscode/context.ts").matchAll(/"(stackyard\.\w+)"/g)].map(([, key]) => key));
    const asked = viewsWelcome.flatMap(({ when }) => [...when.matchAll(/stackyard\.\w+/g)].map(([key]) => key));
    for (const key of asked) assert.ok(set.has(key), key);
  });

  it("lets no untrusted workspace set what decides which programs and folders are used", () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.deepEqual([...restrictedConfigurations].sort(), ["stackyard.home", "stackyard.interpreter"]);
    assert.equal(configuration.properties["stackyard.home"]?.scope, "machine");
  });

  it("names pictures that are there", () => {
    for (const file of [manifest.icon, ...views.stackyard.map(({ icon }) => icon)])
      assert.ok(existsSync(join(root, file)), file);
  });

  it("has rows whose icons are codicons by name", () => {
    for (const { icon } of Object.values(STATUS_ICONS)) assert.match(icon, /^[a-z-]+(~spin)?$/);
  });
});
