import { EventEmitter, Uri, commands, workspace } from "vscode";
import { checkPage } from "../model/checks";
import type { CheckView } from "../protocol";
import { DisposableBag } from "../util/disposable";

/** Scheme of the read-only pages that tell what a check found. */
const SCHEME = "stackyard-check";

/** Shows what checks found as rendered Markdown: whole sentences, and commands that can be copied. */
export class CheckPages extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<Uri>());

  private readonly texts = new Map<string, string>();

  constructor() {
    super();
    this.track(
      workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.changed.event,
        provideTextDocumentContent: (uri) => this.text(uri),
      }),
    );
  }

  /** Opens the page of a stack, or brings it up to date. */
  async show(stack: string, check: CheckView): Promise<void> {
    const uri = Uri.from({ scheme: SCHEME, path: `/Check of ${stack.replaceAll("/", "-")}.md` });
    this.texts.set(uri.toString(), checkPage(stack, check));
    this.changed.fire(uri);
    await commands.executeCommand("markdown.showPreview", uri);
  }

  /** What a page says, for tests. */
  text(uri: Uri): string {
    return this.texts.get(uri.toString()) ?? "This check is over. Run it again: Stackyard: Check Stack.\n";
  }
}
