import { basename } from "node:path";
import { ExpectedError } from "../util/errors";
import { openFileAt } from "../vscode/editors";
import { toast } from "../vscode/toast";
import { activeFolder } from "../vscode/workspace";
import type { Deps } from "./deps";

/** Writes a first pipeline into the workspace and opens it. */
export async function createFirstPipeline(deps: Deps): Promise<void> {
  const folder = activeFolder();
  if (folder === undefined) {
    throw new ExpectedError("There is no folder to write a pipeline into.", "Open one first.", {
      title: "Open Folder",
      command: "vscode.openFolder",
    });
  }
  const created = await deps.api.createFirstPipeline(folder);
  await openFileAt(created.file, 1);
  await deps.stores.pipelines.refresh();
  void toast("information", `${basename(created.file)} is ready to run.`, {
    title: "Run Pipeline",
    command: "stackyard.pipeline.run",
    args: [created.file, created.function],
  });
}
