import type { TextDocument, TextEditor, Uri as UriType } from "vscode";
import { EventEmitter, Range, TextEditorRevealType, Uri, window, workspace } from "vscode";
import type { StackyardApi } from "../api";
import { isFinished } from "../model/status";
import type { RunView } from "../protocol";
import type { RunsStore } from "../stores/runs";
import { DisposableBag } from "../util/disposable";
import { openVirtual } from "../vscode/editors";
import { LogDecorations } from "./logDecorations";
import { RunLogDocument } from "./runLogDocument";

/** Scheme of the read-only documents that hold logs. */
export const LOG_SCHEME = "stackyard-log";

/** Log lines are not announced by the server; an open log of an unfinished run asks for more this often. */
const FOLLOW_MS = 400;
/** The view follows the end as long as the last line was this near to being seen. */
const NEAR_END_LINES = 3;

/**
 * Logs of runs as read-only documents, which go on while the run does.
 *
 * A document follows its run only while an editor shows it.
 */
export class RunLogs extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<UriType>());

  private readonly documents = new Map<string, RunLogDocument>();

  private readonly decorations = this.track(new LogDecorations(LOG_SCHEME));

  /** Lines of each document at its last change: who saw the last one then follows the end. */
  private readonly lineCounts = new Map<string, number>();

  private timer: NodeJS.Timeout | undefined;

  private following = false;

  constructor(
    private readonly api: StackyardApi,
    private readonly runs: RunsStore,
  ) {
    super();
    this.track(
      workspace.registerTextDocumentContentProvider(LOG_SCHEME, {
        onDidChange: this.changed.event,
        provideTextDocumentContent: async (uri) => this.content(uri),
      }),
    );
    this.track(
      workspace.onDidCloseTextDocument((document) => {
        if (document.uri.scheme !== LOG_SCHEME) return;
        this.documents.delete(document.uri.toString());
        this.lineCounts.delete(document.uri.toString());
      }),
    );
    this.track(
      workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme === LOG_SCHEME) this.afterChange(document);
      }),
    );
    this.track(
      window.onDidChangeVisibleTextEditors(() => {
        this.schedule(0);
      }),
    );
    this.track({
      dispose: () => {
        clearTimeout(this.timer);
      },
    });
  }

  /** Opens the log of a run or of one of its steps, at its end while the run goes on. */
  async open(run: RunView, step?: string): Promise<void> {
    const uri = logUri(run, step);
    const { document, editor } = await openVirtual(uri);
    this.lineCounts.set(uri.toString(), document.lineCount);
    if (!isFinished(run.status)) revealEnd(editor);
    this.schedule(0);
  }

  private async content(uri: UriType): Promise<string> {
    const known = this.documents.get(uri.toString());
    if (known !== undefined) return known.text();
    const { run, step } = parseLogUri(uri);
    const document = new RunLogDocument(this.api, await this.runs.detail(run), step);
    this.documents.set(uri.toString(), document);
    await document.read();
    return document.text();
  }

  private schedule(delayMs: number): void {
    if (this.following || this.isDisposed()) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.follow(), delayMs);
  }

  /** Reads what came since in every log that is seen and not complete. */
  private async follow(): Promise<void> {
    this.following = true;
    const unfinished = this.visible().filter(([, document]) => !document.isComplete());
    await Promise.all(
      unfinished.map(async ([uri, document]) => {
        // A server that restarts loses nothing: the cursor is the document's.
        const grew = await document.update(this.runs.peekRun(document.runId)).catch(() => false);
        if (grew) this.changed.fire(uri);
      }),
    );
    this.following = false;
    if (unfinished.length > 0) this.schedule(FOLLOW_MS);
  }

  private visible(): [UriType, RunLogDocument][] {
    const uris = window.visibleTextEditors.map((editor) => editor.document.uri);
    return uris.flatMap((uri) => {
      const document = this.documents.get(uri.toString());
      return document === undefined ? [] : [[uri, document]];
    });
  }

  private afterChange(document: TextDocument): void {
    const uri = document.uri.toString();
    const before = this.lineCounts.get(uri) ?? 0;
    this.lineCounts.set(uri, document.lineCount);
    for (const editor of window.visibleTextEditors) {
      if (editor.document !== document) continue;
      if (sawEnd(editor, before)) revealEnd(editor);
      this.decorations.paint(editor);
    }
  }
}

function sawEnd(editor: TextEditor, lineCountBefore: number): boolean {
  const last = Math.max(...editor.visibleRanges.map((range) => range.end.line));
  return last >= lineCountBefore - 1 - NEAR_END_LINES;
}

function revealEnd(editor: TextEditor): void {
  const line = editor.document.lineCount - 1;
  editor.revealRange(new Range(line, 0, line, 0), TextEditorRevealType.Default);
}

/** The document of a log: its path is what the editor's tab says, its query which run. */
export function logUri(run: RunView, step: string | undefined): UriType {
  const name = step === undefined ? run.name : `${run.name} ${step}`;
  const query = new URLSearchParams({ run: run.id, ...(step === undefined ? {} : { step }) });
  return Uri.from({ scheme: LOG_SCHEME, path: `/${name}.log`, query: query.toString() });
}

function parseLogUri(uri: UriType): { run: string; step: string | undefined } {
  const query = new URLSearchParams(uri.query);
  return { run: query.get("run") ?? "", step: query.get("step") ?? undefined };
}
