import { dirname } from "node:path";
import type { LogOutputChannel, WebviewPanel } from "vscode";
import { Uri, ViewColumn, commands, env, window } from "vscode";
import type { StackyardApi } from "../../api";
import type { CommandId } from "../../commands/ids";
import type { ArtifactVersionView } from "../../protocol";
import { DisposableBag } from "../../util/disposable";
import { ExpectedError, type Remedy, messageOf } from "../../util/errors";
import { flash } from "../../vscode/statusBar";
import type { FromPreview, PreviewState, ToPreview } from "./contract";
import { PREVIEW_VIEW_TYPE } from "./contract";
import { previewHtml } from "./html";
import { answerTo } from "./questions";

const OPEN_RUN: CommandId = "stackyard.run.open";

/** Opens previews of artifact versions: one panel a version, back after a reload of the window. */
export class ArtifactPanels extends DisposableBag {
  private readonly panels = new Map<string, WebviewPanel>();

  /** What the button of a panel's last refused question does. */
  private readonly remedies = new WeakMap<WebviewPanel, { readonly id: number; readonly remedy: Remedy }>();

  constructor(
    private readonly extensionUri: Uri,
    private readonly api: StackyardApi,
    private readonly log: LogOutputChannel,
  ) {
    super();
    this.track(
      window.registerWebviewPanelSerializer(PREVIEW_VIEW_TYPE, {
        deserializeWebviewPanel: async (panel: WebviewPanel, state: Partial<PreviewState> | undefined) => {
          if (state?.versionId === undefined) panel.dispose();
          else this.adopt(panel, state.versionId);
          return Promise.resolve();
        },
      }),
    );
  }

  /** Shows the preview of a version. */
  open(version: ArtifactVersionView): void {
    const known = this.panels.get(version.id);
    if (known !== undefined) {
      known.reveal();
      return;
    }
    const title = `${version.name} v${version.version}`;
    this.adopt(window.createWebviewPanel(PREVIEW_VIEW_TYPE, title, ViewColumn.Active), version.id);
  }

  /** The panel of a version, for tests. */
  panelOf(versionId: string): WebviewPanel | undefined {
    return this.panels.get(versionId);
  }

  private adopt(panel: WebviewPanel, versionId: string): void {
    this.panels.set(versionId, panel);
    const built = Uri.joinPath(this.extensionUri, "dist", "webviews");
    const icon = (theme: string): Uri => Uri.joinPath(this.extensionUri, "resources", `artifact-${theme}.svg`);
    panel.iconPath = { light: icon("light"), dark: icon("dark") };
    panel.webview.options = { enableScripts: true, localResourceRoots: [built] };
    panel.webview.onDidReceiveMessage(async (message: FromPreview) => this.receive(panel, versionId, message));
    panel.onDidDispose(() => {
      this.panels.delete(versionId);
    });
    const [script, style] = [Uri.joinPath(built, "artifact.js"), Uri.joinPath(built, "artifact.css")];
    panel.webview.html = previewHtml(panel.webview, script, style);
  }

  private async receive(panel: WebviewPanel, versionId: string, message: FromPreview): Promise<void> {
    switch (message.type) {
      case "ready":
        await say(panel, await this.content(panel, versionId));
        break;
      case "ask": {
        const { answer, remedy } = await answerTo(this.api, versionId, message.question);
        if (answer.kind === "refused") this.log.warn(`Looking into ${versionId}: ${answer.message}`);
        if (remedy !== undefined) this.remedies.set(panel, { id: message.id, remedy });
        if (this.panels.get(versionId) === panel) await say(panel, { type: "answer", id: message.id, answer });
        break;
      }
      case "mend": {
        const found = this.remedies.get(panel);
        if (found?.id !== message.id) break;
        await commands.executeCommand(found.remedy.command, ...(found.remedy.args ?? []));
        break;
      }
      case "copy":
        await env.clipboard.writeText(message.text);
        flash(`$(copy) ${message.what} copied.`);
        break;
      case "openRun":
        await commands.executeCommand(OPEN_RUN, message.run);
        break;
      case "openFile":
        await commands.executeCommand("vscode.open", Uri.file(message.path));
        break;
    }
  }

  private async content(panel: WebviewPanel, versionId: string): Promise<ToPreview> {
    try {
      const { version } = await this.api.version(versionId);
      panel.title = `${version.name} v${version.version}`;
      return { type: "show", version, image: this.imageOf(panel, version) };
    } catch (error) {
      this.log.warn(`Preview of ${versionId}: ${messageOf(error)}`);
      return { type: "problem", message: messageOf(error), hint: ExpectedError.is(error) ? error.hint : "" };
    }
  }

  /** Lets the page read the folder of the image's file, and nothing else of the disk. */
  private imageOf(panel: WebviewPanel, version: ArtifactVersionView): string {
    const name = version.preview?.kind === "image" ? version.preview.image_file : "";
    const file = version.files.find((one) => one.name === name);
    if (file === undefined) return "";
    const built = Uri.joinPath(this.extensionUri, "dist", "webviews");
    panel.webview.options = { enableScripts: true, localResourceRoots: [built, Uri.file(dirname(file.path))] };
    return panel.webview.asWebviewUri(Uri.file(file.path)).toString();
  }
}

async function say(panel: WebviewPanel, message: ToPreview): Promise<void> {
  await panel.webview.postMessage(message);
}
