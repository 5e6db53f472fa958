#!/usr/bin/env node
/**
 * Opens a folder in a real VS Code on loopback, with an extension installed, until Ctrl-C.
 *
 *   node scripts/vscode/open.mjs --folder F --vsix V --profile DIR [--env K=V ...] [--port N]
 *
 * Everything that VS Code writes stays in DIR. Install the server first: scripts/vscode/get.sh
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { installVsix, prepareProfile, startServer } from "./server.mjs";

const USAGE = "usage: node scripts/vscode/open.mjs --folder F --vsix V --profile DIR [--env K=V ...] [--port N]";

function readArguments() {
  const { values } = parseArgs({
    options: {
      folder: { type: "string" },
      vsix: { type: "string" },
      profile: { type: "string" },
      env: { type: "string", multiple: true, default: [] },
      port: { type: "string", default: "0" },
    },
  });
  for (const name of ["folder", "vsix", "profile"]) {
    if (!values[name]) throw new Error(`--${name} is missing\n${USAGE}`);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is no port number`);
  const env = Object.fromEntries(
    values.env.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals < 1) throw new Error(`--env ${pair}: K=V is wanted`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
  const folder = path.resolve(values.folder);
  if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`--folder ${folder} is no folder`);
  return { folder, vsix: path.resolve(values.vsix), profile: path.resolve(values.profile), env, port };
}

async function main() {
  const { folder, vsix, profile, env, port } = readArguments();
  prepareProfile(profile);
  await installVsix(profile, vsix);
  const server = await startServer(profile, { port, env });
  let stopping = false;
  const stop = () => {
    stopping = true;
    void server.stop();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
  console.log(`VS Code is open at ${server.address(folder)}`);
  console.log("Press Ctrl-C to end it.");
  await server.exited;
  if (!stopping) throw new Error(`VS Code ended by itself; its log: ${path.join(profile, "server.log")}`);
}

main().catch((error) => {
  console.error(`open.mjs: ${error.message}`);
  process.exitCode = 1;
});
