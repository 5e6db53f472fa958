/** Every command of the extension; package.json contributes exactly these, and each has a handler. */
export const COMMAND_IDS = [
  "stackyard.stack.switch",
  "stackyard.stack.undoSwitch",
  "stackyard.stack.check",
  "stackyard.pipeline.run",
  "stackyard.pipeline.open",
  "stackyard.run.open",
  "stackyard.run.stop",
  "stackyard.run.resume",
  "stackyard.run.retry",
  "stackyard.run.delete",
  "stackyard.run.explain",
  "stackyard.run.showLogs",
  "stackyard.step.stop",
  "stackyard.step.open",
  "stackyard.artifact.open",
  "stackyard.artifact.copyUri",
  "stackyard.project.createFirstPipeline",
  "stackyard.environment.install",
  "stackyard.environment.installModule",
  "stackyard.interpreter.select",
  "stackyard.server.restart",
  "stackyard.server.showLog",
  "stackyard.view.refresh",
  "stackyard.list.loadMore",
  "stackyard.setting.copyValue",
  "stackyard.file.open",
] as const;

/** The id of one of our commands. */
export type CommandId = (typeof COMMAND_IDS)[number];
