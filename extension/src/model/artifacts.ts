import type { ArtifactVersionView, ArtifactView, ComponentView } from "../protocol";
import { count, dotted, formatAge, formatShape, formatSize, shortType } from "./format";

/** `of the active stack · local`. */
export function storeDescription(store: ComponentView): string {
  return dotted(store.active ? "active" : "", store.flavor);
}

/** `3 versions · DataFrame · 5 min ago`. */
export function artifactDescription(artifact: ArtifactView, now: number): string {
  return dotted(count(artifact.n_versions, "version"), shortType(artifact.type), formatAge(artifact.updated_at, now));
}

/** `DataFrame · 569 × 30 · 12.3 kB · 5 min ago`; what is wrong comes first. */
export function versionDescription(version: ArtifactVersionView, now: number): string {
  const wrong = version.status === "available" ? "" : version.status;
  return dotted(
    wrong,
    shortType(version.type),
    // The length of a text or a list says little where there is little room.
    (version.shape ?? []).length > 1 ? formatShape(version.shape) : "",
    formatSize(version.size_bytes),
    formatAge(version.created_at, now),
  );
}
