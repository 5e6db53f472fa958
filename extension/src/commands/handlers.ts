import { LoadMoreNode } from "../views/rows";
import { openFileAt } from "../vscode/editors";
import { copyUri, openArtifact } from "./artifacts";
import type { Deps } from "./deps";
import { installModule, installStackyard, selectInterpreter } from "./environment";
import { createFirstPipeline } from "./project";
import type { Handlers } from "./register";
import { deleteRun, explainRun, resumeRun, retryRun, stopRun, stopStep } from "./runActions";
import { openPipeline, openRun, openStep, runPipeline, showLogs } from "./runs";
import { checkStack, copySettingValue, switchStack, undoSwitch } from "./stacks";

/** Every command and what it does. */
export function handlers(deps: Deps): Handlers {
  return {
    "stackyard.stack.switch": async (target) => switchStack(deps, target),
    "stackyard.stack.undoSwitch": async (stack) => undoSwitch(deps, stack),
    "stackyard.stack.check": async (target) => checkStack(deps, target),
    "stackyard.pipeline.run": async (target, functionName) => runPipeline(deps, target, functionName),
    "stackyard.pipeline.open": async (target) => openPipeline(target),
    "stackyard.run.open": async (target) => openRun(deps, target),
    "stackyard.run.stop": async (target) => stopRun(deps, target),
    "stackyard.run.resume": async (target) => resumeRun(deps, target),
    "stackyard.run.retry": async (target) => retryRun(deps, target),
    "stackyard.run.delete": async (target) => deleteRun(deps, target),
    "stackyard.run.explain": async (target) => explainRun(deps, target),
    "stackyard.run.showLogs": async (target) => showLogs(deps, target),
    "stackyard.step.stop": async (target) => stopStep(deps, target),
    "stackyard.step.open": async (target) => openStep(target),
    "stackyard.artifact.open": async (target) => openArtifact(deps, target),
    "stackyard.artifact.copyUri": async (target) => copyUri(target),
    "stackyard.project.createFirstPipeline": async () => createFirstPipeline(deps),
    "stackyard.environment.install": async () => installStackyard(deps),
    "stackyard.environment.installModule": async (module, file) => installModule(deps, module, file),
    "stackyard.interpreter.select": async () => selectInterpreter(deps),
    "stackyard.server.restart": async () => deps.server.restart(),
    "stackyard.server.showLog": () => {
      deps.log.show();
    },
    "stackyard.view.refresh": async () => deps.stores.refresh(),
    "stackyard.list.loadMore": async (node) => {
      if (node instanceof LoadMoreNode) await node.load();
    },
    "stackyard.setting.copyValue": async (node) => copySettingValue(node),
    "stackyard.file.open": async (file, line) => openFileAt(file, line),
  };
}
