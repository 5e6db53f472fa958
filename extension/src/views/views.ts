import type { TreeView } from "vscode";
import { window } from "vscode";
import type { StackyardApi } from "../api";
import type { ExtensionStatus } from "../model/serverStatus";
import type { RunView } from "../protocol";
import type { Stores } from "../stores/stores";
import { DisposableBag } from "../util/disposable";
import { withViewProgress } from "../vscode/progress";
import { ArtifactsTree } from "./artifactsTree";
import { PipelinesTree } from "./pipelinesTree";
import { RunsTree } from "./runsTree";
import { StacksTree } from "./stacksTree";
import type { TreeNode, TreeProvider } from "./tree";

/** Ids of the views; package.json contributes exactly these. */
export const VIEW_IDS = {
  stacks: "stackyard.views.stacks",
  pipelines: "stackyard.views.pipelines",
  runs: "stackyard.views.runs",
  artifacts: "stackyard.views.artifacts",
} as const;

/** The four trees of the sidebar. */
export class Views extends DisposableBag {
  readonly stacks: StacksTree;

  readonly pipelines: PipelinesTree;

  readonly runs: RunsTree;

  readonly artifacts: ArtifactsTree;

  private readonly trees: readonly TreeView<TreeNode>[];

  private readonly pipelinesView: TreeView<TreeNode>;

  private readonly runsView: TreeView<TreeNode>;

  constructor(
    private readonly stores: Stores,
    api: StackyardApi,
    serves: () => boolean,
  ) {
    super();
    this.stacks = this.track(new StacksTree(stores.stacks, stores.checks, api, serves));
    this.pipelines = this.track(new PipelinesTree(stores.pipelines, serves));
    this.runs = this.track(new RunsTree(stores.runs, serves));
    this.artifacts = this.track(new ArtifactsTree(stores.artifacts, api, serves));
    this.runsView = this.create(VIEW_IDS.runs, this.runs);
    const stacksView = this.create(VIEW_IDS.stacks, this.stacks);
    this.pipelinesView = this.create(VIEW_IDS.pipelines, this.pipelines);
    const artifactsView = this.create(VIEW_IDS.artifacts, this.artifacts);
    this.trees = [stacksView, this.pipelinesView, this.runsView, artifactsView];
    this.track(
      this.runsView.onDidChangeVisibility(({ visible }) => {
        this.runs.setVisible(visible);
      }),
    );
    this.runs.setVisible(this.runsView.visible);
    this.track(
      stores.pipelines.onDidChange(() => {
        this.sayIndexing();
      }),
    );
  }

  /** Nobody reads a hover any more: a click, a key or a command closed it. */
  stopReading(): void {
    for (const tree of [this.stacks, this.pipelines, this.runs, this.artifacts]) tree.stopReading();
  }

  /** Says beside the titles that the rows are as the server before told them; above the rows it would move them. */
  sayRestarting(isRestarting: boolean): void {
    for (const tree of this.trees) tree.description = isRestarting ? "server is restarting…" : "";
  }

  /** Says above the runs why no more can be started; without runs the view's welcome says it. */
  say(status: ExtensionStatus): void {
    const isShown = status.serves && (this.stores.runs.peek()?.items.length ?? 0) > 0;
    const texts = isShown ? [status.problem, status.hint] : [];
    setMessage(this.runsView, texts.filter((text) => text !== "").join(" "));
  }

  /** Tells whether anybody sees a view: then the server is worth starting. */
  isAnyVisible(): boolean {
    return this.trees.some((tree) => tree.visible);
  }

  /** Calls back whenever a view comes into sight. */
  onShown(callback: () => void): void {
    for (const tree of this.trees) {
      this.track(
        tree.onDidChangeVisibility(({ visible }) => {
          if (visible) callback();
        }),
      );
    }
  }

  /** Shows a run in the sidebar, selected, with its steps. */
  async reveal(run: RunView): Promise<void> {
    await this.runs.catchUp(); // VS Code finds only rows that it was told of
    await this.runsView.reveal(this.runs.nodeOf(run), { select: true, focus: false, expand: true });
  }

  /** Shows a moving line in the views while something is awaited. */
  showProgress(work: Promise<void>): void {
    for (const id of Object.values(VIEW_IDS)) void withViewProgress(id, async () => work);
  }

  private create(id: string, provider: TreeProvider): TreeView<TreeNode> {
    const view = this.track(window.createTreeView(id, { treeDataProvider: provider, showCollapseAll: true }));
    for (const acted of [view.onDidChangeSelection, view.onDidExpandElement, view.onDidCollapseElement]) {
      this.track(
        acted(() => {
          provider.stopReading();
        }),
      );
    }
    this.track(
      view.onDidCollapseElement(({ element }) => {
        provider.collapsed(element);
      }),
    );
    return view;
  }

  private sayIndexing(): void {
    setMessage(this.pipelinesView, this.stores.pipelines.peek()?.indexing === true ? "Looking for pipelines…" : "");
  }
}

function setMessage(view: TreeView<TreeNode>, message: string): void {
  // An empty text would leave an empty line.
  Object.assign(view, { message: message === "" ? undefined : message });
}
