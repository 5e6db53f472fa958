import type { TextEditor } from "vscode";
import { Range, ThemeColor, window } from "vscode";
import { STDERR_MARK } from "../model/logs";
import { DisposableBag } from "../util/disposable";

/** How far to the right the mark of a stream may stand. */
const MARK_WITHIN = 64;

/** Paints the lines of stderr in open logs. */
export class LogDecorations extends DisposableBag {
  private readonly stderr = this.track(
    window.createTextEditorDecorationType({ color: new ThemeColor("editorWarning.foreground") }),
  );

  private readonly header = this.track(
    window.createTextEditorDecorationType({ color: new ThemeColor("descriptionForeground"), isWholeLine: true }),
  );

  constructor(private readonly scheme: string) {
    super();
    this.track(
      window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.paint(editor);
      }),
    );
  }

  /** Paints an editor as its text is now. */
  paint(editor: TextEditor): void {
    if (editor.document.uri.scheme !== this.scheme) return;
    const stderr: Range[] = [];
    const header: Range[] = [];
    const lines = editor.document.getText().split("\n");
    lines.forEach((line, number) => {
      const mark = line.slice(0, MARK_WITHIN).indexOf(STDERR_MARK);
      if (mark >= 0) stderr.push(new Range(number, mark, number, line.length));
      else if (line.startsWith("# ")) header.push(new Range(number, 0, number, line.length));
    });
    editor.setDecorations(this.stderr, stderr);
    editor.setDecorations(this.header, header);
  }
}
