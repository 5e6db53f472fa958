/** Headless Chromium for the workbench; requests to anything but loopback fail at once. */
import path from "node:path";
import { chromium } from "playwright-core";
import { program } from "./server.mjs";
import { PATIENCE_MS } from "./ui/attempts.mjs";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--force-color-profile=srgb",
];

/** Console errors that a healthy workbench of this version prints. */
const KNOWN_NOISE = [
  /status of 404/, // two optional files that only the vendor's own builds contain
  /authentication provider 'github' to register/,
  /net::ERR_FAILED/, // a request to the outside, refused below
];

/**
 * @param {string} profile The profile folder of `server.mjs`.
 * @param {object} [options] Size of the page in CSS pixels.
 */
export async function startBrowser(profile, { width = 1280, height = 800 } = {}) {
  const context = await chromium.launchPersistentContext(path.join(profile, "chromium"), {
    executablePath: program("chromium"),
    headless: true,
    viewport: { width, height },
    args: ARGS,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const outside = [];
  await context.route(
    (url) => !["127.0.0.1", "localhost"].includes(url.hostname),
    (route) => {
      outside.push(route.request().url());
      return route.abort();
    },
  );
  const page = context.pages()[0] ?? (await context.newPage());
  page.setDefaultTimeout(PATIENCE_MS);
  const consoleLog = [];
  page.on("console", (message) => consoleLog.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => consoleLog.push(`error: ${error.stack ?? error.message}`));
  return {
    page,
    /** Addresses outside this machine that the workbench asked for (and did not get). */
    outside,
    consoleLog,
    consoleErrors: () =>
      consoleLog.filter((line) => line.startsWith("error:") && !KNOWN_NOISE.some((noise) => noise.test(line))),
    close: () => context.close(),
  };
}
