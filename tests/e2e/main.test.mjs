/**
 * The main job in a real VS Code, through its interface alone: see the stacks, switch, run a pipeline,
 * look at what it made; and what the interface says agrees with what a shell says.
 */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { story } from "./fixture.mjs";
import { Stackyard, statusOf } from "./pages/stackyard.mjs";
import { eventually } from "./workspace.mjs";

const STACK = "a_new_local_stack";
const STORE = "my_artifact_store";
const PIPELINE = "training_pipeline";
const BROKEN = "stack_without_its_secret";
const NAMES_IN_PYTHON = `from stackyard import Client

client = Client()
client.activate_stack("${STACK}")
store = client.get_stack_component("artifact_store", "${STORE}")
`;

/** Text as it is read, whatever the lines it was laid out in. */
const words = (text) => text.replace(/\s+/g, " ").trim();

async function prepare({ scratch, folder }) {
  await scratch.stackyard(folder, "init");
  await scratch.stackyard(folder, "artifact-store", "register", STORE, "--flavor=local");
  await scratch.stackyard(folder, "stack", "register", STACK, "-o", "default", "-a", STORE);
  fs.writeFileSync(path.join(folder, "names.py"), NAMES_IN_PYTHON);
}

story("main", { project: "examples/starter", prepare }, (step) => {
  let stackyard;

  /** The stack that a shell in the project calls the active one. */
  const activeInShell = async ({ scratch, folder }) => (await scratch.json(folder, "stack", "get")).name;

  step("shows both stacks, the active one first and marked", async ({ workbench }) => {
    stackyard = new Stackyard(workbench);
    await stackyard.show(stackyard.stacks);
    await stackyard.stacks.waitFor(STACK);
    assert.deepEqual(await stackyard.stackRows(), { names: ["default", STACK], active: ["default"] });
    await stackyard.waitForActive("default");
  });

  step("switches by click; tree, status bar and shell agree", async (context) => {
    await stackyard.switchByClick(STACK);
    assert.equal(await activeInShell(context), STACK);
    assert.equal((await stackyard.stackRows()).names[0], STACK);
  });

  step("shows within a second what a shell switched to", async (context) => {
    const { scratch, folder } = context;
    // The best of three: a moment in which the machine is busy with something else says nothing about the extension.
    const times = [];
    for (const stack of ["default", STACK, "default"]) {
      await scratch.stackyard(folder, "stack", "set", stack);
      const started = Date.now();
      await stackyard.waitForActive(stack);
      await stackyard.waitForMarked(stack);
      times.push(Date.now() - started);
    }
    assert.ok(Math.min(...times) < 1000, `it took ${times.join(", ")} ms`);
  });

  step("finds the pipelines without running them", async () => {
    await stackyard.show(stackyard.pipelines);
    for (const name of ["feature_pipeline", PIPELINE, "inference_pipeline"]) await stackyard.pipelines.waitFor(name);
  });

  step("runs the training pipeline from the palette and shows its steps on their way to completed", async (context) => {
    await stackyard.show(stackyard.runs);
    await stackyard.runFromPalette(PIPELINE);
    const seen = await stackyard.followNewestRun();
    const toast = await context.workbench.notifications.waitFor(/completed in/); // first: toasts go by themselves
    await toast.toast.hover(); // which keeps it for the next step
    const run = await newestRun(context);
    assert.equal(run.status, "completed");
    assert.equal(run.stack, "default");
    assert.deepEqual([...seen.keys()].sort(), run.steps.map((one) => one.name).sort());
    for (const [name, statuses] of seen)
      assert.equal(statuses.at(-1), "completed", `${name}: ${statuses.join(" -> ")}`);
    assert.ok(
      [...seen.values()].some((statuses) => statuses.includes("running")),
      "no step was ever shown as running",
    );
    assert.ok(toast.buttons.includes("Open Run"), toast.buttons.join());
  });

  step("opens the finished run from its toast", async ({ workbench }) => {
    await workbench.notifications.press(/completed in/, "Open Run");
    await eventually("the run is selected in the Runs view", async () => (await stackyard.newestRun()).run.selected);
    assert.equal(statusOf((await stackyard.newestRun()).run), "completed");
    await workbench.notifications.clear();
  });

  step("runs the same pipeline again after a switch, with its versions in the new store", async (context) => {
    const { scratch, folder, workbench } = context;
    const before = await newestRun(context);
    await stackyard.show(stackyard.stacks, stackyard.runs);
    await stackyard.switchByClick(STACK);
    await stackyard.runFromPalette(PIPELINE);
    await workbench.notifications.waitFor(/completed in/);
    const run = await newestRun(context);
    assert.notEqual(run.id, before.id);
    assert.equal(run.stack, STACK);
    assert.equal(run.artifact_store, STORE);
    assert.deepEqual([...new Set(run.steps.map((one) => one.status))], ["completed"]); // nothing was cached
    const store = await scratch.json(folder, "artifact-store", "describe", STORE);
    const versions = run.steps.flatMap((one) => one.outputs.map((output) => output.artifact_version_id));
    assert.ok(versions.length >= run.steps.length);
    const folders = filesUnder(store.configuration.path).filter((file) => path.basename(file) === "manifest.json");
    for (const id of versions) {
      assert.ok(
        folders.some((file) => path.basename(path.dirname(file)) === id),
        `${id} is not in ${store.configuration.path}`,
      );
    }
    await workbench.notifications.clear();
  });

  step("tells the same facts of a component in the tree, in Python and in YAML", async (context) => {
    const { scratch, folder, workbench } = context;
    const store = await scratch.json(folder, "artifact-store", "describe", STORE);
    await stackyard.show(stackyard.stacks);
    await stackyard.stacks.expand(STACK);
    const hovers = { tree: words(await stackyard.stacks.hover(STORE)) };
    await workbench.editor.open("names.py");
    hovers.python = words(await workbench.editor.hover("get_stack_component", STORE));
    await workbench.editor.open("stackyard.yaml");
    hovers.yaml = words(await workbench.editor.hover(`artifact_store: ${STORE}`, STORE));
    for (const [place, text] of Object.entries(hovers)) {
      for (const fact of [STORE, store.flavor, store.configuration.path, STACK]) {
        assert.ok(text.includes(fact), `the hover in ${place} lacks "${fact}":\n${text}`);
      }
    }
    assert.equal(hovers.python, hovers.tree);
    assert.equal(hovers.yaml, hovers.tree);
  });

  step("opens the store down to a version and its preview", async (context) => {
    const { scratch, folder, workbench } = context;
    await stackyard.show(stackyard.artifacts);
    await stackyard.artifacts.expand(STORE);
    await stackyard.artifacts.expand("accuracies");
    // Numbers count per project, whatever the store: the first version lies in the default one.
    await stackyard.artifacts.click(["accuracies", "v2"]);
    const shown = await scratch.json(folder, "artifact", "show", "accuracies");
    const page = workbench.webview().locator("body");
    await page.filter({ hasText: "accuracies" }).waitFor();
    const text = words(await page.innerText());
    for (const [name, accuracy] of Object.entries(shown.preview.data)) {
      assert.ok(
        text.includes(name) && text.includes(String(accuracy).slice(0, 5)),
        `${name} ${accuracy} not in:\n${text}`,
      );
    }
  });

  step("shows the head of a table with its dtypes", async ({ workbench }) => {
    await stackyard.artifacts.expand("dataset");
    await stackyard.artifacts.click(["dataset", "v2"]);
    const table = workbench.webview().locator("table").first();
    await table.filter({ hasText: "mean radius" }).waitFor();
    await table.filter({ hasText: "float64" }).waitFor();
  });

  step("pages through the stored table, in the order of a column", async ({ scratch, folder, workbench }) => {
    const page = workbench.webview();
    const { preview } = await scratch.json(folder, "artifact", "show", "dataset");
    const { statistics } = preview.columns.find((column) => column.name === "mean radius");
    await page.getByRole("button", { name: "Last page" }).click();
    await page.getByRole("status").filter({ hasText: "470–569 of 569 rows" }).waitFor();
    await page.getByRole("button", { name: "mean radius", exact: true }).click();
    await page.locator('th[aria-sort="ascending"]').filter({ hasText: "mean radius" }).waitFor();
    assert.equal(await page.locator("tbody td").first().innerText(), String(statistics.minimum));
    await page.getByRole("button", { name: /^Statistics of mean radius:/ }).click();
    const facts = words(await page.getByRole("dialog").innerText());
    assert.ok(facts.includes(`Maximum ${statistics.maximum}`), facts);
    await workbench.page.keyboard.press("Escape");
  });

  step("says why a step was reused, and why another one ran", async ({ scratch, folder, workbench }) => {
    const trainer = path.join(folder, "steps", "model_trainer.py");
    const text = fs.readFileSync(trainer, "utf8");
    fs.writeFileSync(trainer, text.replace("n_estimators: int = 100", "n_estimators: int = 90"));
    await scratch.stackyard(folder, "run", `pipelines/training.py:${PIPELINE}`);
    await stackyard.show(stackyard.runs);
    const { run } = await eventually("the run is there", async () => {
      const newest = await stackyard.newestRun();
      return newest.run.label.endsWith("-3") && newest;
    });
    await stackyard.runs.contextMenu(run.label, "Why Reused or Run?");
    const page = workbench.webview().locator("body");
    await page.filter({ hasText: "Reused from run" }).waitFor();
    assert.match(words(await page.innerText()), /random_forest_trainer It ran: .*n_estimators/);
  });

  step("asks before it switches to a stack that can't be used, and says what is wrong", async (context) => {
    const { scratch, folder, workbench } = context;
    const before = await activeInShell(context);
    const alerter = ["alerter", "register", "team_channel", "--flavor=webhook", "--url={{chat.url}}"];
    await scratch.stackyard(folder, ...alerter);
    await scratch.stackyard(
      folder,
      "stack",
      "register",
      BROKEN,
      "-o",
      "default",
      "-a",
      "default",
      "--alerter=team_channel",
    );
    await stackyard.show(stackyard.stacks);
    await stackyard.stacks.waitFor(BROKEN);
    await eventually("the row says that something is wrong", async () =>
      (await stackyard.stacks.hover(BROKEN)).includes("stackyard secret create chat --url=-"),
    );
    await stackyard.stacks.click(BROKEN);
    assert.match(await workbench.notifications.answerDialog("Cancel"), /Alerter 'team_channel': .*{{chat.url}}/);
    assert.equal(await activeInShell(context), before);
    await stackyard.stacks.click(BROKEN);
    await workbench.notifications.answerDialog("Switch Anyway");
    await stackyard.waitForMarked(BROKEN);
    assert.equal(await activeInShell(context), BROKEN);
    await stackyard.switchByClick(before);
  });

  step("left no error in the console and asked for nothing outside this machine", ({ workbench }) => {
    assert.deepEqual(workbench.browser.consoleErrors(), []);
    assert.deepEqual(workbench.browser.outside, []);
  });
});

/** The newest run of the project, with its steps, as a shell tells it. */
async function newestRun({ scratch, folder }) {
  const { items } = await scratch.json(folder, "run", "list");
  return items.length === 0 ? undefined : scratch.json(folder, "run", "show", items[0].id);
}

function filesUnder(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}
