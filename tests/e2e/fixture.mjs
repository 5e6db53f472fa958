/**
 * The frame of an end-to-end test file: one VS Code, one home, one copied project for all its steps.
 *
 *   story('main', { project: 'examples/starter' }, (step) => {
 *     step('shows both stacks', async ({ workbench, scratch, folder }) => { ... });
 *   });
 *
 * The steps of a story build on each other. After a failure a screenshot and the logs are kept in
 * out/e2e/, and the later steps fail at once instead of waiting for what can't come.
 */
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { launchWorkbench } from "../../scripts/vscode/workbench.mjs";
import { removeProfile } from "../../scripts/vscode/server.mjs";
import { KEPT, Scratch, builtVsix, keepLogs } from "./workspace.mjs";

/** Against hanging only: each wait in a step has a limit of its own. */
const LAUNCH_LIMIT_MS = 600_000;
const STEP_LIMIT_MS = 600_000;

/**
 * @param {string} name Names the screenshot and the log folder.
 * @param {object} options
 * @param {string} [options.project] Folder of the repository to copy; else an empty folder is opened.
 * @param {(context: object) => Promise<void>} [options.prepare] Runs before VS Code starts.
 * @param {(step: Function) => void} define Declares the steps.
 */
export function story(name, { project, prepare, vsix, ...launch }, define) {
  describe(name, () => {
    const context = {};
    let broken = "";

    before(
      async () => {
        const started = Date.now();
        fs.mkdirSync(KEPT, { recursive: true });
        fs.rmSync(path.join(KEPT, `${name}-failure.png`), { force: true });
        context.scratch = new Scratch();
        context.folder = project ? context.scratch.copyProject(project) : context.scratch.makeFolder("project");
        await prepare?.(context);
        context.workbench = await launchWorkbench({
          folder: context.folder,
          vsix: vsix ?? builtVsix(),
          ...launch,
          env: { ...context.scratch.env, ...launch.env },
        });
        console.log(`${name}: VS Code is open after ${((Date.now() - started) / 1000).toFixed(1)} s`);
      },
      { timeout: LAUNCH_LIMIT_MS },
    );

    after(async () => {
      const { workbench, scratch } = context;
      if (workbench) {
        await workbench.close({ keepProfile: true });
        if (broken) keepLogs(workbench.profile, path.join(KEPT, name));
        removeProfile(workbench.profile);
      }
      if (broken) console.error(`The home and the project of the failure: ${scratch.dir}`);
      else scratch?.remove();
    });

    define((title, body, { timeout = STEP_LIMIT_MS } = {}) => {
      it(title, async () => {
        if (broken) throw new Error(`not reached: "${broken}" failed`);
        try {
          await within(timeout, body(context));
        } catch (error) {
          broken = title;
          await context.workbench.screenshot(path.join(KEPT, `${name}-failure.png`)).catch(() => undefined);
          throw error;
        }
      });
    });
  });
}

/** The step's own limit: unlike the runner's, it still leaves time for a screenshot. */
async function within(milliseconds, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the step did not end within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
