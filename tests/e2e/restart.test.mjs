/** A server that restarts leaves the views as they are: what was expanded and selected stays so, in every frame. */
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { story } from "./fixture.mjs";
import { Stackyard } from "./pages/stackyard.mjs";
import { eventually } from "./workspace.mjs";

const WORD = "server is restarting…";
/** More than a server may crash within minutes before it is left alone. */
const TOO_MANY = 20;

const PIPELINE = `from stackyard import pipeline, step


@step
def count_rows() -> int:
    return 3


@pipeline
def counting_pipeline(rows: int = 3) -> None:
    count_rows()
`;

async function prepare({ scratch, folder }) {
  fs.writeFileSync(path.join(folder, "counting.py"), PIPELINE);
  await scratch.stackyard(folder, "init");
  for (let run = 1; run <= 2; run += 1) await scratch.stackyard(folder, "run", "counting.py");
}

story("restart", { prepare }, (step) => {
  let stackyard;
  let views;
  let before;

  /** How all views look, but for what tells the time. */
  const looks = async () =>
    Promise.all(
      views.map(async (view) =>
        (await view.rows()).map(({ level, expanded, selected, icon, label }) => ({
          level,
          expanded,
          selected,
          icon,
          label,
        })),
      ),
    );

  /** Waits until another server than these has answered: each view has said that it restarts, and says so no more. */
  const untilServedAnew = async (workbench, former) => {
    await eventually("another server runs", () => servers(workbench).some((pid) => !former.includes(pid)));
    await eventually("every view has said that the server restarts, and says so no more", async () => {
      const seen = await workbench.page.evaluate(() => window.watched.seen);
      return views.every(({ title }) => seen[title].words.includes(WORD) && seen[title].words.at(-1) !== WORD);
    });
    await stackyard.waitForActive("default");
  };

  step("has something expanded in every view, and a run selected", async ({ workbench }) => {
    stackyard = new Stackyard(workbench);
    const { stacks, pipelines, runs, artifacts } = stackyard;
    views = [stacks, pipelines, runs, artifacts];
    await stackyard.show(...views);
    await stackyard.waitForActive("default");
    await stacks.expand("default");
    await pipelines.expand("counting_pipeline");
    await runs.expand("counting_pipeline-1");
    await runs.click("counting_pipeline-1");
    await artifacts.expand(/count_rows/);
    await artifacts.expand("v1");
    before = await eventually("all rows are there", async () => {
      const now = await looks();
      return now[0].length === 3 && now[1].length === 3 && now[2].length === 3 && now[3].length === 4 && now;
    });
    assert.deepEqual(
      before[2].filter((row) => row.selected).map((row) => row.label),
      ["counting_pipeline-1"],
    );
  });

  for (const [how, restart] of [
    ["is killed", async (workbench) => kill(servers(workbench))],
    ["is restarted by the command", async (workbench) => workbench.runCommand("Stackyard: Restart Server")],
  ]) {
    step(`keeps all rows in sight while the server ${how}`, async ({ workbench }) => {
      const former = servers(workbench);
      await watchFrames(workbench.page);
      await restart(workbench);
      await untilServedAnew(workbench, former);
      const frames = await watchedFrames(workbench.page);
      assert.deepEqual(await looks(), before);
      for (const view of views) {
        const { rows } = frames[view.title];
        assert.equal(rows.length, 1, `the rows of ${view.title} changed:\n${rows.join("\n\n")}`);
      }
    });
  }

  step("follows the new server: a run of a terminal comes above what stays expanded", async ({ scratch, folder }) => {
    await scratch.stackyard(folder, "run", "counting.py");
    await stackyard.runs.waitFor("counting_pipeline-3");
    assert.equal((await stackyard.runs.below("counting_pipeline-1")).length, 1);
  });

  step("left no error in the console", ({ workbench }) => {
    assert.deepEqual(workbench.browser.consoleErrors(), []);
  });

  step("shows no rows of a server that can't be started any more, and what helps", async ({ workbench }) => {
    for (let tries = 0; tries < TOO_MANY && !(await workbench.page.getByText("does not run").count()); tries += 1) {
      kill(
        await eventually(
          "a server runs, or none will",
          async () => {
            const pids = servers(workbench);
            return pids.length > 0 || (await workbench.page.getByText("does not run").count()) > 0 ? pids : undefined;
          },
          { every: 20 },
        ),
      );
      await workbench.page.waitForTimeout(100);
    }
    for (const view of views) {
      const { text, buttons } = await view.welcome();
      assert.match(text, /server does not run/);
      assert.deepEqual(buttons, ["Restart Server"]);
      assert.deepEqual(await view.rows(), []);
    }
  });

  step("shows them again after its button was pressed", async () => {
    await stackyard.stacks.clickWelcomeButton("Restart Server");
    await stackyard.waitForActive("default");
    for (const [view, row] of [
      [stackyard.stacks, "default"],
      [stackyard.pipelines, "counting_pipeline"],
      [stackyard.runs, "counting_pipeline-3"],
      [stackyard.artifacts, "default"],
    ])
      await view.waitFor(row);
  });
});

/** The processes of the language server. */
function servers({ profile }) {
  return fs
    .readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandOf(name).some((word) => isServer(word, profile)))
    .map(Number);
}

function isServer(word, profile) {
  return word.startsWith(profile) && word.endsWith("lsp_server.py");
}

function commandOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it has ended
  }
}

function kill(pids) {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended
    }
  }
}

/** Notes from now on what the views look like: their rows, frame by frame, and every word beside their titles. */
async function watchFrames(page) {
  await page.evaluate(() => {
    const seen = {};
    const note = (list, look) => {
      if (list.at(-1) !== look) list.push(look);
    };
    const panes = () =>
      [...document.querySelectorAll(".part.sidebar .split-view-view .pane")].map((pane) => {
        const title = pane.querySelector(".pane-header h3.title")?.textContent?.trim() ?? "";
        return { pane, notes: (seen[title] ??= { rows: [], words: [] }) };
      });
    const lookAtRows = () => {
      for (const { pane, notes } of panes()) {
        const rows = [...pane.querySelectorAll(".monaco-list-row")]
          .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
          .map((row) => {
            const facts = ["aria-level", "aria-expanded", "aria-selected"].map((name) => row.getAttribute(name));
            return [...facts, row.querySelector(".label-name")?.textContent].join(" ");
          });
        note(notes.rows, rows.join("\n"));
      }
      window.watched.request = window.requestAnimationFrame(lookAtRows);
    };
    const lookAtWords = () => {
      for (const { pane, notes } of panes())
        note(notes.words, pane.querySelector(".pane-header .description")?.textContent ?? "");
    };
    // A word that comes and goes between two frames of a busy machine was said all the same.
    const observer = new window.MutationObserver(lookAtWords);
    const sidebar = document.querySelector(".part.sidebar");
    observer.observe(sidebar, { subtree: true, childList: true, characterData: true });
    window.watched = { seen, observer, request: window.requestAnimationFrame(lookAtRows) };
    lookAtWords();
  });
}

/** What was noted until now, by the titles of the views; nothing more is noted. */
async function watchedFrames(page) {
  return page.evaluate(() => {
    window.cancelAnimationFrame(window.watched.request);
    window.watched.observer.disconnect();
    return window.watched.seen;
  });
}
