import type { CancellationToken } from "vscode";
import { isFinished, isRunning } from "../model/status";
import type { RunStartResult, RunView, StepRunView } from "../protocol";
import { StepRunNode } from "../views/runsTree";
import { pick } from "../vscode/quickPick";
import { flash } from "../vscode/statusBar";
import { toast } from "../vscode/toast";
import type { Deps } from "./deps";
import { beReady, requirePipelineTrust, runOf, starting } from "./runs";

/** Goes on with a run that ended before it completed; what is complete is not done again. */
export async function resumeRun(deps: Deps, target: unknown): Promise<void> {
  requirePipelineTrust();
  const run = await runOf(deps, target, {
    title: "Resume Run",
    placeholder: "Choose the run to go on with",
    fits: (one) => one.resumable,
    none: "There is no run that could be gone on with: each is complete, or goes on.",
  });
  if (run === undefined) return;
  await runAgain(deps, `Resuming ${run.name}`, run, async (token) => {
    const begun = await deps.api.resumeRun(run.id, token);
    // It is the same run: what is kept of it says that it is over.
    deps.stores.runs.put(await deps.api.run(begun.run_id));
    return begun;
  });
}

/** Runs the pipeline of a run again, with the same parameters, stack and run configuration. */
export async function retryRun(deps: Deps, target: unknown): Promise<void> {
  requirePipelineTrust();
  const run = await runOf(deps, target, { title: "Retry Run", placeholder: "Choose the run to run again" });
  if (run === undefined) return;
  const title = `Running ${run.pipeline} again on ${run.stack}`;
  await runAgain(deps, title, run, async (token) => deps.api.retryRun(run.id, token));
}

async function runAgain(
  deps: Deps,
  title: string,
  run: RunView,
  begin: (token: CancellationToken) => Promise<RunStartResult>,
): Promise<void> {
  await deps.environment.check();
  await beReady(deps);
  await deps.follower.follow(title, async (token) => starting(async () => begin(token), run.file));
}

/** Asks a run to stop; one that was asked already can be killed. */
export async function stopRun(deps: Deps, target: unknown): Promise<void> {
  await deps.stores.runs.refresh();
  const run = await runOf(deps, target, {
    title: "Stop Run",
    placeholder: "Choose the run to stop",
    fits: (one) => !isFinished(one.status),
    none: "No run is running.",
  });
  if (run === undefined) return;
  const { status } = await deps.api.run(run.id);
  if (status === "stopping" && !(await mayKill(deps, `${run.name} is stopping already.`))) return;
  deps.stores.runs.put(await deps.api.stopRun(run.id, { force: status === "stopping" }));
}

/** Asks one step to stop; the run goes on without it, as far as it can. */
export async function stopStep(deps: Deps, target: unknown): Promise<void> {
  const found = target instanceof StepRunNode ? target : await askStep(deps);
  if (found === undefined) return;
  const { step } = found;
  const force = step.status === "stopping";
  if (force && !(await mayKill(deps, `Step ${step.name} is stopping already.`))) return;
  deps.stores.runs.put(await deps.api.stopRun(step.run_id, { step: step.name, force }));
}

/** Deletes a finished run with its logs, once that is confirmed. */
export async function deleteRun(deps: Deps, target: unknown): Promise<void> {
  const run = await runOf(deps, target, {
    title: "Delete Run",
    placeholder: "Choose the run to delete",
    fits: (one) => isFinished(one.status),
    none: "There is no finished run.",
  });
  if (run === undefined) return;
  const detail = "Its logs go with it, which can't be undone. The artifacts that it made stay.";
  if ((await deps.dialogs.ask(`Delete run ${run.name}?`, detail, "Delete")) !== "Delete") return;
  await deps.api.deleteRun(run.id);
  deps.stores.runs.remove(run.id);
  flash(`$(trash) Run ${run.name} deleted.`);
}

/** Shows why the steps of a run, or one, were reused or not: what changed, before and after. */
export async function explainRun(deps: Deps, target: unknown): Promise<void> {
  if (target instanceof StepRunNode) {
    await deps.explanations.show(target.parent.run, target.step.name);
    return;
  }
  const run = await runOf(deps, target, { title: "Why Reused or Run?", placeholder: "Choose a run" });
  if (run !== undefined) await deps.explanations.show(run);
}

async function mayKill(deps: Deps, message: string): Promise<boolean> {
  const detail = "Killed, it can't tidy up: no cleanup hook of a step runs, and what it was writing is not kept.";
  return (await deps.dialogs.ask(message, detail, "Kill")) === "Kill";
}

async function askStep(deps: Deps): Promise<{ step: StepRunView } | undefined> {
  await deps.stores.runs.refresh();
  const runs = await Promise.all(deps.stores.runs.running().map(async (run) => deps.stores.runs.detail(run.id)));
  const choices = runs.flatMap((run) =>
    run.steps
      .filter((step) => isRunning(step.status))
      .map((step) => ({ label: `$(debug-stop) ${step.name}`, description: run.name, value: { step } })),
  );
  if (choices.length === 0) {
    void toast("information", "No step is running.");
    return undefined;
  }
  return pick(choices, { title: "Stop Step", placeholder: "Choose the step to stop" });
}
