import type { Answer, FromPreview, PreviewState, Question } from "../contract";

interface VsCode {
  postMessage(message: FromPreview): void;
  setState(state: PreviewState): void;
  getState(): PreviewState | undefined;
}

declare function acquireVsCodeApi(): VsCode;

/** The extension, as the page sees it. */
export class Host {
  private readonly vscode = acquireVsCodeApi();

  private readonly waiting = new Map<number, (answer: Answer) => void>();

  private last = 0;

  send(message: FromPreview): void {
    this.vscode.postMessage(message);
  }

  /** Asks for what only the user's interpreter can tell; the id is what {@link mend} needs. */
  async ask(question: Question): Promise<{ id: number; answer: Answer }> {
    const id = ++this.last;
    const answer = await new Promise<Answer>((resolve) => {
      this.waiting.set(id, resolve);
      this.send({ type: "ask", id, question });
    });
    return { id, answer };
  }

  /** Takes the answer to a question. */
  take(id: number, answer: Answer): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  /** Does what the button of a refused question says. */
  mend(id: number): void {
    this.send({ type: "mend", id });
  }

  /** What was remembered of a version before the window was reloaded, or the page left out of sight. */
  remembered(versionId: string): PreviewState | undefined {
    const state = this.vscode.getState();
    return state?.versionId === versionId ? state : undefined;
  }

  remember(state: PreviewState): void {
    this.vscode.setState(state);
  }
}
