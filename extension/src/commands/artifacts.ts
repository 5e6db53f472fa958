import { env } from "vscode";
import { artifactDescription, storeDescription, versionDescription } from "../model/artifacts";
import type { ArtifactVersionView } from "../protocol";
import { ArtifactNode, ArtifactVersionNode } from "../views/artifactsTree";
import { pick } from "../vscode/quickPick";
import { flash } from "../vscode/statusBar";
import { toast } from "../vscode/toast";
import type { Deps } from "./deps";

const TITLE = "Open Artifact";

/** Opens the preview of a version: that of a row or id, else one that is asked for. */
export async function openArtifact(deps: Deps, target: unknown): Promise<void> {
  if (typeof target === "string") {
    deps.panels.open((await deps.stores.artifacts.version(target)).version);
    return;
  }
  const version = target instanceof ArtifactVersionNode ? target.version : await askVersion(deps, target);
  if (version !== undefined) deps.panels.open(version);
}

/** Copies where a version lies. */
export async function copyUri(target: unknown): Promise<void> {
  if (!(target instanceof ArtifactVersionNode)) return;
  await env.clipboard.writeText(target.version.uri);
  flash(`$(copy) Location of ${target.version.name} v${target.version.version} copied.`);
}

async function askVersion(deps: Deps, target: unknown): Promise<ArtifactVersionView | undefined> {
  const artifact = target instanceof ArtifactNode ? target.artifact : await askArtifact(deps);
  if (artifact === undefined) return undefined;
  const versions = (await deps.stores.artifacts.versions(artifact.artifact_store_id, artifact.name)).items;
  const [only] = versions;
  if (versions.length <= 1) return only;
  const now = Date.now();
  const choices = versions.map((version) => ({
    label: `$(file) v${version.version}`,
    description: versionDescription(version, now),
    detail: version.run_name,
    value: version,
  }));
  return pick(choices, { title: `${TITLE}: ${artifact.name}`, placeholder: "Choose a version, newest first" });
}

async function askArtifact(deps: Deps): Promise<{ name: string; artifact_store_id: string } | undefined> {
  const stores = await deps.stores.artifacts.artifactStores();
  const lists = await Promise.all(
    stores.map(async (store) => {
      const list = await deps.stores.artifacts.artifacts(store.id);
      return list.items.map((artifact) => ({
        label: `$(symbol-variable) ${artifact.name}`,
        description: artifactDescription(artifact, Date.now()),
        detail: `${store.name} · ${storeDescription(store)}`,
        value: artifact,
      }));
    }),
  );
  const choices = lists.flat();
  if (choices.length === 0) {
    const run = { title: "Run Pipeline", command: "stackyard.pipeline.run" };
    void toast("information", "There are no artifacts yet: a run's steps make them.", run);
    return undefined;
  }
  return pick(choices, { title: TITLE, placeholder: "Choose an artifact" });
}
