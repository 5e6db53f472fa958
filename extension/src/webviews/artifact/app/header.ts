import { count, formatShape, formatSize, formatTime, shortDigest } from "../../../model/format";
import type { ArtifactVersionView } from "../../../protocol";
import type { FromPreview } from "../contract";
import { el, link } from "./dom";

/** What the header says of a version, whatever its value is. */
export function header(version: ArtifactVersionView, send: (message: FromPreview) => void): HTMLElement {
  const facts = el("dl", { class: "facts" });
  const fact = (name: string, ...value: readonly (Node | string)[]): void => {
    if (value.every((part) => part === "")) return;
    facts.append(el("div", {}, el("dt", {}, name), el("dd", {}, ...value)));
  };
  fact("Type", version.type);
  fact(version.shape?.length === 1 ? "Length" : "Shape", formatShape(version.shape));
  fact("Size", `${formatSize(version.size_bytes)} in ${count(version.files.length, "file")}`);
  const isSame = version.data_format === version.materializer;
  fact("Format", isSame ? version.data_format : `${version.data_format} (${version.materializer})`);
  fact(
    "Digest",
    el("code", { title: version.digest }, shortDigest(version.digest)),
    " ",
    copy("Digest", version.digest, send),
  );
  fact("Made by", ...madeBy(version, send));
  fact("Artifact store", version.artifact_store);
  fact("Created", formatTime(version.created_at));
  fact(
    "Location",
    el("span", { class: "path", title: version.uri }, version.uri),
    " ",
    copy("Location", version.uri, send),
  );
  return el(
    "header",
    {},
    el("h1", {}, version.name, " ", el("span", { class: "version" }, `v${version.version}`)),
    ...warnings(version),
    facts,
  );
}

function madeBy(version: ArtifactVersionView, send: (message: FromPreview) => void): (Node | string)[] {
  if (version.run_id === "") return [version.step];
  const open = link(version.run_name || version.run_id, "Open the run", () => {
    send({ type: "openRun", run: version.run_id });
  });
  return version.step === "" ? [open] : [`step ${version.step} of `, open];
}

function copy(what: string, text: string, send: (message: FromPreview) => void): HTMLButtonElement {
  return link("Copy", `Copy ${what.toLowerCase()}`, () => {
    send({ type: "copy", what, text });
  });
}

function unavailable(version: ArtifactVersionView): string {
  if (version.pruned) return "The files of this version were removed on purpose; its run still lists it.";
  if (version.status === "missing") return "The files of this version are gone from the artifact store.";
  return "This version is damaged: its manifest or its files are not what was written.";
}

function warnings(version: ArtifactVersionView): HTMLElement[] {
  const texts: string[] = [];
  if (version.status !== "available") texts.push(version.problem === "" ? unavailable(version) : version.problem);
  if (version.unsafe) {
    texts.push(
      `Unsafe format (${version.data_format}): loading it runs code that the data names. Nothing was loaded to show this page.`,
    );
  }
  return texts.map((text) => el("p", { class: "warning", role: "note" }, text));
}
