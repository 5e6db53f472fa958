import { thousands } from "../../../model/format";
import { AS_IT_LIES, type TableQuery } from "../../../model/tables";
import type { ArtifactVersionView, Preview } from "../../../protocol";
import type { FromPreview } from "../contract";
import { metrics } from "./cells";
import { el, link } from "./dom";
import type { Host } from "./host";
import { json } from "./json";
import { details } from "./statistics";
import { Table } from "./table";

/** The value of a version, as far as its preview holds it; more of a table is fetched when it is asked for. */
export function body(
  version: ArtifactVersionView,
  image: string,
  host: Host,
  query: TableQuery | undefined,
): HTMLElement {
  const { preview } = version;
  const send = (message: FromPreview): void => {
    host.send(message);
  };
  const shown = preview === null ? [note(withoutPreview(version))] : content(version, preview, image, host, query);
  const whole = preview?.statistics ?? null;
  const parts = [
    // Above the rows of a table, which fill the page.
    ...(whole === null || isOfOneColumn(preview)
      ? []
      : [el("div", { class: "whole" }, el("h2", {}, "All values"), details(whole))]),
    ...shown,
    ...metadata(version),
    ...files(version, send),
  ];
  return el("section", { "aria-label": "Preview" }, ...parts);
}

/** Its statistics stand in the header of the column. */
function isOfOneColumn(preview: Preview | null): boolean {
  return preview?.kind === "table" && preview.n_columns === 1;
}

function withoutPreview(version: ArtifactVersionView): string {
  return version.status === "available"
    ? "There is no preview of this version."
    : "There is nothing to show: its preview was stored with its files.";
}

function note(text: string): HTMLElement {
  return el("p", { class: "note" }, text);
}

function metadata(version: ArtifactVersionView): HTMLElement[] {
  return Object.keys(version.metadata).length === 0 ? [] : [el("h2", {}, "Metadata"), json(version.metadata)];
}

function content(
  version: ArtifactVersionView,
  preview: Preview,
  image: string,
  host: Host,
  query: TableQuery | undefined,
): HTMLElement[] {
  const cut = preview.truncated ? [note("Only the beginning is shown.")] : [];
  switch (preview.kind) {
    case "table":
      return [new Table(host, version.id, preview, query).element];
    case "metrics":
      return [metrics(preview.data), ...cut];
    case "json":
      return [json(preview.data), ...cut];
    case "text":
      return [source(preview), ...cut];
    case "markdown":
      return [note("Markdown, as it was written."), source(preview), ...cut];
    case "html":
      return [note("The source of the HTML: here it is read, never run."), source(preview), ...cut];
    case "image":
      if (image === "") return [note("The image's file is gone.")];
      return [el("img", { src: image, alt: preview.text === "" ? "The artifact as an image" : preview.text })];
    case "none":
      return [
        note(preview.text === "" ? "This kind of value has no preview." : preview.text),
        ...(isSliced(version) ? [sliced(version.id, preview, host, query)] : []),
      ];
  }
}

/** Tells whether a version is an array of more dimensions than a table has. */
function isSliced(version: ArtifactVersionView): boolean {
  const shape = version.shape ?? [];
  return version.data_format === "npy" && shape.length > 2 && shape.every((length) => length > 0);
}

/** The values of such an array, slice by slice, once they are asked for. */
function sliced(versionId: string, preview: Preview, host: Host, query: TableQuery | undefined): HTMLElement {
  const place = el("div");
  const look = (first: TableQuery): void => {
    place.replaceChildren(new Table(host, versionId, preview, first).element);
  };
  const button = el("button", { type: "button", class: "button" }, "Show Values");
  button.addEventListener("click", () => {
    look(AS_IT_LIES);
  });
  place.append(button);
  if (query !== undefined) look(query);
  return place;
}

function source(preview: Preview): HTMLElement {
  return el("pre", { class: "text", tabindex: "0", role: "region", "aria-label": "Text" }, preview.text);
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
