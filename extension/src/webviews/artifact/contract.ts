/** What the extension and the artifact preview say to each other. */

import type { ArtifactVersionView } from "../../protocol";

/** Extension to preview. */
export type ToPreview =
  | {
      readonly type: "show";
      readonly version: ArtifactVersionView;
      /** Address of the preview's image inside the webview; empty without one. */
      readonly image: string;
    }
  | { readonly type: "problem"; readonly message: string; readonly hint: string };

/** Preview to extension. */
export type FromPreview =
  | { readonly type: "ready" }
  | { readonly type: "copy"; readonly what: string; readonly text: string }
  | { readonly type: "openRun"; readonly run: string }
  | { readonly type: "openFile"; readonly path: string };

/** What a preview remembers, so that it survives a reload of the window. */
export interface PreviewState {
  readonly versionId: string;
}

/** The view type of the preview's panels. */
export const PREVIEW_VIEW_TYPE = "stackyard.artifact";
