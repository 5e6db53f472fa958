import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { TabInputWebview, type TextDocument, Uri, commands, window, workspace } from "vscode";
import type { StackyardExtension } from "../../src/extension";
import { isFinished } from "../../src/model/status";
import type { RunView } from "../../src/protocol";
import {
  type RunRow,
  type VersionRow,
  eventually,
  folder,
  labelOf,
  readyExtension,
  row,
  rows,
  tooltip,
  writePipeline,
} from "./host";

const COUNTING = `import sys
import time

from stackyard import pipeline, step


@step
def count_up() -> int:
    """Counts."""
    for number in range(3):
        print("number", number, flush=True)
        time.sleep(0.3)
    print("a warning", file=sys.stderr)
    return 3


@step
def double(number: int) -> int:
    return number * 2


@pipeline
def counting():
    double(count_up())


@step
def refuse() -> None:
    raise ValueError("there are no rows")


@pipeline
def refusing():
    refuse()


@step
def wait_long() -> None:
    time.sleep(600)


@pipeline
def waiting():
    wait_long()
`;

suite("runs", () => {
  let parts: StackyardExtension;
  let file: string;

  /** The newest run of a pipeline, with its steps. */
  const newest = async (pipeline: string): Promise<RunView | undefined> => {
    const { items } = await parts.api.runs({});
    const run = items.find((one) => one.pipeline === pipeline);
    return run === undefined ? undefined : parts.api.run(run.id);
  };

  /** The row of a pipeline's newest run. */
  const runRow = async (pipeline: string): Promise<RunRow | undefined> => {
    const nodes = (await rows(parts.views.runs)).filter((node) => node.id.startsWith("run:")) as RunRow[];
    return nodes.find((node) => node.run.pipeline === pipeline);
  };

  const openLog = (): TextDocument | undefined =>
    workspace.textDocuments.find((document) => document.uri.scheme === "stackyard-log");

  suiteSetup(async () => {
    parts = await readyExtension();
    file = await writePipeline(parts, "counting.py", COUNTING);
  });

  test("pipelines are found with their steps, without being run", async () => {
    const tree = parts.views.pipelines;
    const node = await row(tree, "counting");
    assert.deepEqual(
      (await rows(tree, node)).map((one) => labelOf(tree, one)),
      ["count_up", "double"],
    );
    await commands.executeCommand("stackyard.pipeline.open", node);
    assert.equal(window.activeTextEditor?.document.uri.fsPath, file);
    assert.equal(await newest("counting"), undefined);
  });

  test("a run goes on in the tree until it is completed, and its log with it", async () => {
    const tree = parts.views.runs;
    const done = commands.executeCommand("stackyard.pipeline.run", file, "counting");
    const node = await eventually("the run shows", async () => runRow("counting"));
    await commands.executeCommand("stackyard.run.showLogs", node);
    await eventually("the log is followed", () => openLog()?.getText().includes("number 0"));
    await done;
    assert.equal((await runRow("counting"))?.run.status, "completed");
    const steps = await rows(tree, node);
    assert.deepEqual(
      steps.map((one) => String(tree.getTreeItem(one).description).split(" · ")[0]),
      ["completed", "completed"],
    );
    await eventually("the log is complete", () => openLog()?.getText().includes("a warning"));
    assert.match(openLog()?.getText() ?? "", /count_up +│ number 1\n[^]*count_up +┃ a warning\n/);
    await eventually("the log says how it ended", () => openLog()?.lineAt(0).text.endsWith("completed"));
  });

  test("the same run again is cached and says so", async () => {
    await commands.executeCommand("stackyard.pipeline.run", file, "counting");
    const run = await newest("counting");
    assert.deepEqual(
      run?.steps.map((step) => step.status),
      ["cached", "cached"],
    );
  });

  test("a step's log is its own", async () => {
    const first = (await parts.api.runs({})).items.filter((run) => run.pipeline === "counting").at(-1);
    assert.ok(first);
    const [step] = await rows(parts.views.runs, parts.views.runs.nodeOf(first));
    await commands.executeCommand("stackyard.run.showLogs", step);
    const text = window.activeTextEditor?.document.getText() ?? "";
    assert.match(text, /^# Step count_up of run /);
    assert.ok(text.includes("number 2"), text);
  });

  test("a run that fails names step and message in tree and tooltip", async () => {
    await commands.executeCommand("stackyard.pipeline.run", file, "refusing");
    const tree = parts.views.runs;
    const node = await runRow("refusing");
    assert.ok(node);
    assert.equal(node.run.status, "failed");
    const [step] = await rows(tree, node);
    assert.ok(step);
    assert.match(String(tree.getTreeItem(step).description), /^failed · .*ValueError: there are no rows$/);
    assert.ok((await tooltip(tree, step)).includes("there are no rows"));
    await commands.executeCommand("stackyard.run.showLogs", node);
    assert.match(
      window.activeTextEditor?.document.getText() ?? "",
      /# The step refuse failed\n[^]*there are no rows\n/,
    );
  });

  test("a run can be stopped", async () => {
    const done = commands.executeCommand("stackyard.pipeline.run", file, "waiting");
    const run = await eventually("the step is running", async () => {
      const found = await newest("waiting");
      return found?.steps.some((step) => step.status === "running") === true ? found : undefined;
    });
    await commands.executeCommand("stackyard.run.stop", run.id);
    await done;
    const ended = await newest("waiting");
    assert.ok(ended !== undefined && isFinished(ended.status));
    assert.equal(ended.status, "stopped");
  });

  test("a run started in a terminal shows live, and nobody is told about it here", async () => {
    const python = join(process.env["STACKYARD_TEST_ROOT"] ?? "", ".venv", "bin", "python");
    const before = (await runRow("counting"))?.run.id;
    const child = spawn(python, ["-m", "stackyard", "run", `${file}:counting`], { cwd: folder(), stdio: "ignore" });
    await eventually("the run shows", async () => (await runRow("counting"))?.run.id !== before);
    await eventually("the run is completed", async () => (await runRow("counting"))?.run.status === "completed");
    child.kill();
  });

  test("a run whose process is killed is interrupted within seconds", async () => {
    const done = commands.executeCommand("stackyard.pipeline.run", file, "waiting");
    const run = await eventually("the step is running", async () => {
      const found = await newest("waiting");
      return found?.steps.some((step) => step.status === "running") === true ? found : undefined;
    });
    process.kill(run.pid, "SIGKILL");
    await eventually("the row says so", async () => (await runRow("waiting"))?.run.status === "interrupted");
    await done;
    await eventually("the status bar says so", () => !parts.statusBar.text().includes("sync~spin"));
  });

  test("what the steps returned is in the active store, down to the files, and its preview opens", async () => {
    const tree = parts.views.artifacts;
    const store = await row(tree, "default");
    const [artifact] = await rows(tree, store);
    assert.ok(artifact);
    const [version] = (await rows(tree, artifact)) as VersionRow[];
    assert.ok(version);
    assert.ok((await rows(tree, version)).length > 0, "a version has files");
    // Markdown escapes the underscores of a name.
    assert.ok((await tooltip(tree, version)).replaceAll("\\", "").includes(version.version.name));
    await commands.executeCommand("stackyard.artifact.open", version);
    const title = `${version.version.name} v${version.version.version}`;
    await eventually("the preview is open", () =>
      window.tabGroups.all.some((group) =>
        group.tabs.some((tab) => tab.input instanceof TabInputWebview && tab.label === title),
      ),
    );
    const panel = parts.panels.panelOf(version.version.id);
    assert.ok(panel);
    assert.match(panel.webview.html, /default-src 'none'/);
    assert.ok(!/script-src[^;"]*unsafe-inline/.test(panel.webview.html));
  });

  test("unsaved changes are saved before a run", async () => {
    const document = await workspace.openTextDocument(Uri.file(file));
    const editor = await window.showTextDocument(document);
    await editor.edit((edit) => {
      edit.insert(document.lineAt(document.lineCount - 1).range.end, "\n# a remark\n");
    });
    assert.ok(document.isDirty);
    await commands.executeCommand("stackyard.pipeline.run", file, "counting");
    assert.ok(!document.isDirty);
  });
});
