import { EventEmitter, Uri, commands, workspace } from "vscode";
import type { StackyardApi } from "../api";
import { explanationPage } from "../model/explanations";
import type { RunView } from "../protocol";
import { DisposableBag } from "../util/disposable";
import { fullMessage } from "../util/errors";

/** Scheme of the read-only pages that tell why steps were reused or not. */
const SCHEME = "stackyard-explanation";

/** Shows why the steps of a run were reused or not, as rendered Markdown with what changed as a diff. */
export class ExplanationPages extends DisposableBag {
  private readonly changed = this.track(new EventEmitter<Uri>());

  constructor(private readonly api: StackyardApi) {
    super();
    this.track(
      workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.changed.event,
        // A page that VS Code opens again after a reload of the window has no command that could tell.
        provideTextDocumentContent: async (uri) => this.text(uri).catch(fullMessage),
      }),
    );
  }

  /**
   * Opens the page of a run or of one of its steps, or brings it up to date.
   *
   * @throws ExpectedError when the server can't tell.
   */
  async show(run: RunView, step?: string): Promise<void> {
    const uri = this.uriOf(run, step);
    await this.text(uri);
    this.changed.fire(uri);
    await commands.executeCommand("markdown.showPreview", uri);
  }

  /** What a page says. */
  async text(uri: Uri): Promise<string> {
    const query = new URLSearchParams(uri.query);
    return explanationPage(await this.api.explainRun(query.get("run") ?? "", query.get("step") ?? undefined));
  }

  /** The page of a run, or of a step: its path is what the editor's tab says, its query what it is about. */
  uriOf(run: RunView, step?: string): Uri {
    const name = step === undefined ? run.name : `${run.name} ${step}`;
    const query = new URLSearchParams({ run: run.id, ...(step === undefined ? {} : { step }) });
    return Uri.from({ scheme: SCHEME, path: `/Why ${name.replaceAll("/", "-")}.md`, query: query.toString() });
  }
}
