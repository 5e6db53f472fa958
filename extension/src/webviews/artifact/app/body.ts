import { thousands } from "../../../model/format";
import type { ArtifactVersionView, Preview } from "../../../protocol";
import type { FromPreview } from "../contract";
import { el, link } from "./dom";
import { json } from "./json";
import { metrics, table } from "./table";

/** The value of a version, as far as its preview holds it. */
export function body(version: ArtifactVersionView, image: string, send: (message: FromPreview) => void): HTMLElement {
  const { preview } = version;
  if (preview === null) return el("section", {}, el("p", { class: "note" }, "There is no preview of this version."));
  const parts = [...content(preview, image), ...metadata(version), ...files(version, send)];
  return el("section", { "aria-label": "Preview" }, ...parts);
}

function metadata(version: ArtifactVersionView): HTMLElement[] {
  return Object.keys(version.metadata).length === 0 ? [] : [el("h2", {}, "Metadata"), json(version.metadata)];
}

function content(preview: Preview, image: string): HTMLElement[] {
  const cut = preview.truncated ? [el("p", { class: "note" }, "Only the beginning is shown.")] : [];
  switch (preview.kind) {
    case "table":
      return [table(preview)];
    case "metrics":
      return [metrics(preview.data), ...cut];
    case "json":
      return [json(preview.data), ...cut];
    case "text":
      return [el("pre", { class: "text", tabindex: "0" }, preview.text), ...cut];
    case "image":
      if (image === "") return [el("p", { class: "note" }, "The image's file is gone.")];
      return [el("img", { src: image, alt: preview.text === "" ? "The artifact as an image" : preview.text })];
    case "none":
      return [el("p", { class: "note" }, preview.text === "" ? "This kind of value has no preview." : preview.text)];
  }
}

function files(version: ArtifactVersionView, send: (message: FromPreview) => void): HTMLElement[] {
  if (version.files.length === 0) return [];
  const rows = version.files.map((file) => {
    const open = link(file.name, `Open ${file.name}`, () => {
      send({ type: "openFile", path: file.path });
    });
    return el("li", {}, open, ` ${thousands(file.size_bytes)} bytes`);
  });
  return [el("h2", {}, "Files"), el("ul", { class: "files" }, ...rows)];
}
