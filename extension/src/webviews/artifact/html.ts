import { randomBytes } from "node:crypto";
import type { Uri, Webview } from "vscode";

/** A value that a script must carry to be run, new for every page. */
export function nonce(): string {
  return randomBytes(18).toString("base64");
}

/** The page of a preview: no content, no inline code; everything comes by message. */
export function previewHtml(webview: Webview, script: Uri, style: Uri): string {
  const key = nonce();
  const policy = [
    "default-src 'none'",
    `img-src ${webview.cspSource}`,
    `style-src ${webview.cspSource}`,
    `script-src 'nonce-${key}'`,
  ].join("; ");
  return `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <link rel="stylesheet" href="${webview.asWebviewUri(style).toString()}">
    <title>Artifact</title>
  </head>
  <body>
    <main id="preview" aria-busy="true"><p class="note">Loading…</p></main>
    <script nonce="${key}" src="${webview.asWebviewUri(script).toString()}"></script>
  </body>
</html>`;
}
