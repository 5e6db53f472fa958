import { EventEmitter } from "vscode";
import type { StackyardApi } from "../api";
import type {
  ArtifactShowResult,
  ArtifactVersionView,
  ArtifactView,
  ComponentView,
  Page,
  PageParams,
} from "../protocol";
import { DisposableBag } from "../util/disposable";
import { Paged } from "./paged";

/**
 * Artifact stores, what lies in them and its versions, each list fetched when it is looked at and kept until
 * something changed.
 */
export class ArtifactsStore extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<void>());

  /** Some list may be another one now. */
  readonly onDidChange = this.changed.event;

  private readonly stores = new Map<string, Promise<ComponentView[]>>();

  private readonly artifactLists = new Map<string, Promise<Paged<ArtifactView>>>();

  private readonly versionLists = new Map<string, Promise<Paged<ArtifactVersionView>>>();

  /** How many rows of a list were shown, so that a list fetched again is no shorter. */
  private readonly lengths = new Map<string, number>();

  private readonly shown = new Map<string, Promise<ArtifactShowResult>>();

  constructor(private readonly api: StackyardApi) {
    super();
  }

  /** Tells whether the artifact stores are known, or asked for. */
  isKnown(): boolean {
    return this.stores.size > 0;
  }

  /** All artifact stores, that of the active stack first. */
  async artifactStores(): Promise<ComponentView[]> {
    return kept(this.stores, "all", async () => {
      const { items } = await this.api.components({ component_type: "artifact_store" });
      return [...items.filter((store) => store.active), ...items.filter((store) => !store.active)];
    });
  }

  /** Artifacts of the project in a store. */
  async artifacts(storeId: string): Promise<Paged<ArtifactView>> {
    return kept(this.artifactLists, storeId, async () =>
      Paged.load(this.artifactPage(storeId), this.lengths.get(storeId)),
    );
  }

  /** Versions of an artifact in a store, newest first. */
  async versions(storeId: string, name: string): Promise<Paged<ArtifactVersionView>> {
    const id = key(storeId, name);
    return kept(this.versionLists, id, async () => Paged.load(this.versionPage(storeId, name), this.lengths.get(id)));
  }

  /** A version with its preview and files. */
  async version(id: string): Promise<ArtifactShowResult> {
    return kept(this.shown, id, async () => this.api.version(id));
  }

  /** Fetches the next page of a store's artifacts. */
  async loadMoreArtifacts(storeId: string): Promise<void> {
    const list = await (await this.artifacts(storeId)).more(this.artifactPage(storeId));
    this.artifactLists.set(storeId, Promise.resolve(list));
    this.lengths.set(storeId, list.items.length);
    this.changed.fire();
  }

  /** Fetches the next page of an artifact's versions. */
  async loadMoreVersions(storeId: string, name: string): Promise<void> {
    const list = await (await this.versions(storeId, name)).more(this.versionPage(storeId, name));
    this.versionLists.set(key(storeId, name), Promise.resolve(list));
    this.lengths.set(key(storeId, name), list.items.length);
    this.changed.fire();
  }

  /** Forgets which stores there are; their contents stay. */
  storesChanged(): void {
    this.stores.clear();
    this.changed.fire();
  }

  /** Forgets everything; what is looked at is fetched again. */
  clear(): void {
    this.stores.clear();
    this.artifactLists.clear();
    this.versionLists.clear();
    this.shown.clear();
    this.changed.fire();
  }

  private artifactPage(storeId: string): (page: PageParams) => Promise<Page<ArtifactView>> {
    return async (page) => this.api.artifacts(storeId, page);
  }

  private versionPage(storeId: string, name: string): (page: PageParams) => Promise<Page<ArtifactVersionView>> {
    return async (page) => this.api.versions(storeId, name, page);
  }
}

function key(storeId: string, name: string): string {
  return `${storeId}/${name}`;
}

/** The promise kept under a key; one that fails is not kept. */
async function kept<T>(map: Map<string, Promise<T>>, id: string, fetch: () => Promise<T>): Promise<T> {
  const known = map.get(id);
  if (known !== undefined) return known;
  const promise = fetch();
  map.set(id, promise);
  promise.catch(() => {
    if (map.get(id) === promise) map.delete(id);
  });
  return promise;
}
