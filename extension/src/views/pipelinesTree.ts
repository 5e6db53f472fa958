import { MarkdownString, TreeItem, TreeItemCollapsibleState } from "vscode";
import { dotted, escaped } from "../model/format";
import { describeParameter } from "../model/parameters";
import { pipelineId, shortPath, stepsOf } from "../model/pipelines";
import type { ParameterInfo, PipelineInfo, PipelineListResult, PipelineProblem, StepInfo } from "../protocol";
import type { Cached } from "../stores/cached";
import { workspaceFolders } from "../vscode/workspace";
import { icon } from "./icons";
import { LeafNode, ProblemNode, call, openAt } from "./rows";
import { type TreeNode, TreeProvider } from "./tree";

/** A pipeline found in the project's source; a click opens its definition. */
export class PipelineNode implements TreeNode {
  readonly id: string;

  readonly parent = undefined;

  constructor(
    readonly pipeline: PipelineInfo,
    private readonly list: PipelineListResult,
  ) {
    this.id = `pipeline:${pipelineId(pipeline)}`;
  }

  get below(): NonNullable<TreeNode["below"]> {
    return { look: [this.pipeline.parameters, stepsOf(this.pipeline, this.list)] };
  }

  item(): TreeItem {
    const { pipeline } = this;
    const isEmpty = pipeline.steps.length + pipeline.parameters.length === 0;
    const item = new TreeItem(
      pipeline.name,
      isEmpty ? TreeItemCollapsibleState.None : TreeItemCollapsibleState.Collapsed,
    );
    const place = `${shortPath(pipeline.file, workspaceFolders())}:${pipeline.line}`;
    item.id = this.id;
    item.description = place;
    item.iconPath = icon("type-hierarchy-sub");
    item.tooltip = tooltip(pipeline.name, pipeline.doc, place);
    item.contextValue = "pipeline";
    item.command = call("stackyard.pipeline.open", "Open Definition", this);
    return item;
  }

  async children(): Promise<TreeNode[]> {
    const steps = stepsOf(this.pipeline, this.list);
    return Promise.resolve([
      ...this.pipeline.parameters.map((parameter) => new ParameterNode(parameter, this)),
      ...steps.map(({ name, step }) => new StepNode(name, step, this)),
    ]);
  }
}

/** A parameter of a pipeline with its default. */
class ParameterNode extends LeafNode {
  constructor(
    private readonly parameter: ParameterInfo,
    private readonly pipeline: PipelineNode,
  ) {
    super(`${pipeline.id}/parameter:${parameter.name}`, pipeline);
  }

  item(): TreeItem {
    const item = new TreeItem(this.parameter.name, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = describeParameter(this.parameter, undefined);
    item.iconPath = icon("symbol-parameter");
    item.tooltip = `Parameter ${this.parameter.name} ${item.description}`;
    item.command = call("stackyard.pipeline.open", "Open Definition", this.pipeline);
    item.contextValue = "parameter";
    return item;
  }
}

/** A step that a pipeline calls; a click opens its definition. */
class StepNode extends LeafNode {
  constructor(
    private readonly name: string,
    private readonly step: StepInfo | undefined,
    pipeline: PipelineNode,
  ) {
    super(`${pipeline.id}/step:${name}`, pipeline);
  }

  item(): TreeItem {
    const { step } = this;
    const item = new TreeItem(this.name, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.iconPath = icon("symbol-method");
    item.contextValue = "pipelineStep";
    if (step === undefined) return item;
    const place = `${shortPath(step.file, workspaceFolders())}:${step.line}`;
    item.description = step.doc;
    item.tooltip = tooltip(step.name, step.doc, place);
    item.command = openAt(step.file, step.line);
    return item;
  }
}

/** A file that could not be read, or a definition that can't work; a click opens it there. */
class FileProblemNode extends LeafNode {
  constructor(private readonly problem: PipelineProblem) {
    super(`problem:${problem.file}:${problem.line}`, undefined);
  }

  item(): TreeItem {
    const { file, line, message } = this.problem;
    const item = new TreeItem(message, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.description = `${shortPath(file, workspaceFolders())}:${line}`;
    item.iconPath = icon("warning", "list.warningForeground");
    item.tooltip = dotted(message, `${file}:${line}`);
    item.command = openAt(file, line);
    item.contextValue = "pipelineProblem";
    return item;
  }
}

/** Pipelines of the project, found by reading source. */
export class PipelinesTree extends TreeProvider {
  constructor(
    private readonly pipelines: Cached<PipelineListResult>,
    private readonly serves: () => boolean,
  ) {
    super();
    this.track(
      pipelines.onDidChange(() => {
        void this.redrawChanged();
      }),
    );
  }

  protected async roots(): Promise<TreeNode[]> {
    if (!this.serves() && this.pipelines.peek() === undefined) return [];
    try {
      const list = await this.pipelines.get();
      return [
        ...list.pipelines.map((pipeline) => new PipelineNode(pipeline, list)),
        ...list.problems.map((problem) => new FileProblemNode(problem)),
      ];
    } catch (error) {
      return [new ProblemNode(undefined, error)];
    }
  }
}

function tooltip(name: string, doc: string, place: string): MarkdownString {
  const paragraphs = [`**${escaped(name)}**`, escaped(doc), escaped(place)];
  return new MarkdownString(paragraphs.filter((paragraph) => paragraph !== "").join("\n\n"));
}
