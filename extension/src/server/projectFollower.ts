import { window, workspace } from "vscode";
import { Debounced } from "../util/coalesce";
import { DisposableBag } from "../util/disposable";
import { activeFile } from "../vscode/workspace";
import type { ServerLifecycle } from "./lifecycle";

/** Quick flips through editors tell the server only where they end. */
const DELAY_MS = 250;

/** Tells the server which file is looked at: the project is the one that holds it. */
export class ProjectFollower extends DisposableBag {
  private told: string | undefined;

  private readonly telling = this.track(
    new Debounced(() => {
      this.tell();
    }, DELAY_MS),
  );

  constructor(private readonly server: ServerLifecycle) {
    super();
    const soon = (): void => {
      this.telling.call();
    };
    this.track(window.onDidChangeActiveTextEditor(soon));
    this.track(workspace.onDidChangeWorkspaceFolders(soon));
    this.track(
      server.onDidChangePhase((phase) => {
        if (phase.kind !== "ready") this.told = undefined;
        else soon();
      }),
    );
  }

  private tell(): void {
    const file = activeFile();
    if (file === undefined || file === this.told) return;
    this.told = file;
    void this.server.configure({ project_path: file });
  }
}
