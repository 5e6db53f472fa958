import { relative } from "node:path";
import type { PipelineInfo, PipelineListResult, StepInfo } from "../protocol";
import { isInside } from "./paths";

/** What tells a pipeline from any other: two files may define one of the same name. */
export function pipelineId(pipeline: PipelineInfo): string {
  return `${pipeline.file}:${pipeline.function}`;
}

/** Pipelines for a picker: those of the current file first, else by file and line as the server gave them. */
export function currentFirst(pipelines: readonly PipelineInfo[], currentFile: string | undefined): PipelineInfo[] {
  const current = pipelines.filter((pipeline) => pipeline.file === currentFile);
  return [...current, ...pipelines.filter((pipeline) => pipeline.file !== currentFile)];
}

/** The steps of a pipeline, in the order of its body; one that was not found is known by name alone. */
export function stepsOf(
  pipeline: PipelineInfo,
  list: PipelineListResult,
): { name: string; step: StepInfo | undefined }[] {
  return pipeline.steps.map((name) => {
    const found = list.steps.filter((step) => step.function === name);
    return { name, step: found.find((step) => step.file === pipeline.file) ?? found[0] };
  });
}

/** A file as people name it: relative to the first of the folders that holds it, else whole. */
export function shortPath(file: string, folders: readonly string[]): string {
  const folder = folders.find((one) => isInside(one, file));
  return folder === undefined ? file : relative(folder, file);
}
