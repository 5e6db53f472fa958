/** What the extension and the artifact preview say to each other. */

import type { TableQuery } from "../../model/tables";
import type { ArtifactVersionView, ColumnStatistics, TablePage } from "../../protocol";

/** Extension to preview. */
export type ToPreview =
  | {
      readonly type: "show";
      readonly version: ArtifactVersionView;
      /** Address of the preview's image inside the webview; empty without one. */
      readonly image: string;
    }
  | { readonly type: "problem"; readonly message: string; readonly hint: string }
  | { readonly type: "answer"; readonly id: number; readonly answer: Answer };

/** Preview to extension. */
export type FromPreview =
  | { readonly type: "ready" }
  | { readonly type: "ask"; readonly id: number; readonly question: Question }
  /** The button of the refusal of a question. */
  | { readonly type: "mend"; readonly id: number }
  | { readonly type: "copy"; readonly what: string; readonly text: string }
  | { readonly type: "openRun"; readonly run: string }
  | { readonly type: "openFile"; readonly path: string };

/** What only the user's interpreter can tell of a stored table. */
export type Question =
  | { readonly kind: "page"; readonly query: TableQuery }
  | { readonly kind: "statistics"; readonly column: string; readonly index: readonly number[] };

/** What came of a question. */
export type Answer =
  | { readonly kind: "page"; readonly page: TablePage }
  | { readonly kind: "statistics"; readonly statistics: ColumnStatistics }
  /** `button`: what would mend it; empty when nothing here does. */
  | { readonly kind: "refused"; readonly message: string; readonly hint: string; readonly button: string }
  /** A later question took its place. */
  | { readonly kind: "superseded" };

/** What a preview remembers, so that it survives a reload of the window. */
export interface PreviewState {
  readonly versionId: string;
  /** The part of the table that is looked at; undefined: its beginning. */
  readonly query?: TableQuery | undefined;
}

/** The view type of the preview's panels. */
export const PREVIEW_VIEW_TYPE = "stackyard.artifact";
