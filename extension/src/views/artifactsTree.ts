import type { CancellationToken } from "vscode";
import { MarkdownString, TreeItem, TreeItemCollapsibleState, Uri } from "vscode";
import type { StackyardApi } from "../api";
import { artifactDescription, storeDescription, versionDescription } from "../model/artifacts";
import { formatSize } from "../model/format";
import type { ArtifactFileView, ArtifactVersionView, ArtifactView, ComponentView } from "../protocol";
import type { ArtifactsStore } from "../stores/artifacts";
import type { Paged } from "../stores/paged";
import { componentIcon, icon } from "./icons";
import { LeafNode, LoadMoreNode, NoteNode, ProblemNode, call } from "./rows";
import { type TreeNode, TreeProvider } from "./tree";

/** With more stores than these nobody is told that there is nothing yet: asking each would take long. */
const FEW_STORES = 5;

/** An artifact store. */
export class ArtifactStoreNode implements TreeNode {
  readonly id: string;

  readonly parent = undefined;

  constructor(
    readonly store: ComponentView,
    private readonly artifacts: ArtifactsStore,
    private readonly api: StackyardApi,
  ) {
    this.id = `store:${store.id}`;
  }

  item(): TreeItem {
    const { store } = this;
    const item = new TreeItem(
      store.name,
      store.active ? TreeItemCollapsibleState.Expanded : TreeItemCollapsibleState.Collapsed,
    );
    item.id = this.id;
    item.description = storeDescription(store);
    item.iconPath = store.active ? icon("database", "testing.iconPassed") : componentIcon("artifact_store");
    item.contextValue = "artifactStore";
    item.accessibilityInformation = { label: `Artifact store ${store.name}${store.active ? ", active" : ""}` };
    return item;
  }

  async children(): Promise<TreeNode[]> {
    return listed(
      this,
      async () => this.artifacts.artifacts(this.store.id),
      (artifact) => new ArtifactNode(artifact, this, this.artifacts),
      async () => this.artifacts.loadMoreArtifacts(this.store.id),
      "nothing of this project here yet",
    );
  }

  async resolve(item: TreeItem, token: CancellationToken): Promise<TreeItem> {
    const params = { component_type: "artifact_store", component: this.store.id } as const;
    item.tooltip = new MarkdownString((await this.api.describeComponent(params, token)).markdown, true);
    return item;
  }
}

/** An artifact: a name with versions. */
export class ArtifactNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly artifact: ArtifactView,
    readonly parent: ArtifactStoreNode,
    private readonly artifacts: ArtifactsStore,
  ) {
    this.id = `${parent.id}/artifact:${artifact.name}`;
  }

  item(now: number): TreeItem {
    const item = new TreeItem(this.artifact.name, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    item.description = artifactDescription(this.artifact, now);
    item.iconPath = icon("symbol-variable");
    item.tooltip = `${this.artifact.name}: ${this.artifact.type}`;
    item.contextValue = "artifact";
    return item;
  }

  async children(): Promise<TreeNode[]> {
    const { name, artifact_store_id } = this.artifact;
    return listed(
      this,
      async () => this.artifacts.versions(artifact_store_id, name),
      (version) => new ArtifactVersionNode(version, this, this.artifacts),
      async () => this.artifacts.loadMoreVersions(artifact_store_id, name),
      "no versions",
    );
  }
}

/** A version of an artifact; a click opens its preview. */
export class ArtifactVersionNode implements TreeNode {
  readonly id: string;

  constructor(
    readonly version: ArtifactVersionView,
    readonly parent: ArtifactNode,
    private readonly artifacts: ArtifactsStore,
  ) {
    this.id = `${parent.id}/version:${version.id}`;
  }

  item(now: number): TreeItem {
    const { version } = this;
    const item = new TreeItem(`v${version.version}`, TreeItemCollapsibleState.Collapsed);
    item.id = this.id;
    item.description = versionDescription(version, now);
    item.iconPath = versionIcon(version);
    item.contextValue = "artifactVersion";
    item.command = call("stackyard.artifact.open", "Open Artifact", this);
    item.accessibilityInformation = { label: `${version.name} version ${version.version}, ${item.description}` };
    return item;
  }

  async children(): Promise<TreeNode[]> {
    try {
      const { version } = await this.artifacts.version(this.version.id);
      return version.files.map((file) => new ArtifactFileNode(file, this));
    } catch (error) {
      return [new ProblemNode(this, error)];
    }
  }

  async resolve(item: TreeItem): Promise<TreeItem> {
    item.tooltip = new MarkdownString((await this.artifacts.version(this.version.id)).markdown, true);
    return item;
  }
}

/** A file of a version; a click opens it as it is. */
class ArtifactFileNode extends LeafNode {
  constructor(
    private readonly file: ArtifactFileView,
    version: ArtifactVersionNode,
  ) {
    super(`${version.id}/file:${file.name}`, version);
  }

  item(): TreeItem {
    const uri = Uri.file(this.file.path);
    const item = new TreeItem(this.file.name, TreeItemCollapsibleState.None);
    item.id = this.id;
    item.resourceUri = uri;
    item.description = formatSize(this.file.size_bytes);
    item.tooltip = this.file.path;
    item.command = { command: "vscode.open", title: "Open File", arguments: [uri] };
    item.contextValue = "artifactFile";
    return item;
  }
}

/** Artifact stores, artifacts, versions, files. */
export class ArtifactsTree extends TreeProvider {
  constructor(
    private readonly artifacts: ArtifactsStore,
    private readonly api: StackyardApi,
    private readonly serves: () => boolean,
  ) {
    super();
    this.track(
      artifacts.onDidChange(() => {
        this.redrawUnread();
      }),
    );
  }

  protected async roots(): Promise<TreeNode[]> {
    if (!this.serves() && !this.artifacts.isKnown()) return [];
    try {
      const stores = await this.artifacts.artifactStores();
      // Without any artifact the view is empty, so that its welcome says how to get one.
      if (stores.length <= FEW_STORES && (await this.isEmpty(stores))) return [];
      return stores.map((store) => new ArtifactStoreNode(store, this.artifacts, this.api));
    } catch (error) {
      return [new ProblemNode(undefined, error)];
    }
  }

  private async isEmpty(stores: readonly ComponentView[]): Promise<boolean> {
    const lists = await Promise.all(stores.map(async (store) => this.artifacts.artifacts(store.id)));
    return lists.every((list) => list.items.length === 0);
  }
}

async function listed<T>(
  parent: TreeNode,
  fetch: () => Promise<Paged<T>>,
  node: (item: T) => TreeNode,
  loadMore: () => Promise<void>,
  empty: string,
): Promise<TreeNode[]> {
  try {
    const list = await fetch();
    if (list.items.length === 0) return [new NoteNode(parent, empty)];
    const nodes = list.items.map(node);
    return list.hasMore() ? [...nodes, new LoadMoreNode(parent, nodes.length, list.total, loadMore)] : nodes;
  } catch (error) {
    return [new ProblemNode(parent, error)];
  }
}

function versionIcon(version: ArtifactVersionView): ReturnType<typeof icon> {
  if (version.status !== "available") return icon("warning", "list.warningForeground");
  return version.unsafe ? icon("shield") : icon("file");
}
