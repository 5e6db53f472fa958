"use strict";
/**
 * A stand-in for the Python extension, which can't be installed offline: the same extension id and the
 * shape of `environments` of its exported API. The setting `python.stubInterpreter` is the user's choice
 * of interpreter; changing it fires `onDidChangeActiveEnvironmentPath` as choosing another one does.
 */
const { execFile } = require("node:child_process");
const path = require("node:path");
const vscode = require("vscode");

const SETTING = "python.stubInterpreter";

const chosenPath = () => vscode.workspace.getConfiguration().get(SETTING) || "";

const environmentPath = (file) => ({ id: file, path: file });

/** The details the real extension finds out by running the interpreter; so does this one. */
function resolve(file) {
  const code = "import json, sys; print(json.dumps([sys.prefix, list(sys.version_info[:3]), sys.maxsize > 2**32]))";
  return new Promise((done) => {
    execFile(file, ["-I", "-c", code], { timeout: 120_000 }, (error, stdout) => {
      if (error) return done(undefined);
      const [prefix, [major, minor, micro], wide] = JSON.parse(stdout);
      const uri = vscode.Uri.file(file);
      return done({
        id: file,
        path: file,
        executable: { uri, bitness: wide ? "64-bit" : "32-bit", sysPrefix: prefix },
        environment: {
          type: "VirtualEnvironment",
          name: path.basename(prefix),
          folderUri: vscode.Uri.file(prefix),
          workspaceFolder: undefined,
        },
        version: {
          major,
          minor,
          micro,
          release: { level: "final", serial: 0 },
          sysVersion: `${major}.${minor}.${micro}`,
        },
        tools: ["Venv"],
      });
    });
  });
}

function activate(context) {
  const changedPath = new vscode.EventEmitter();
  const never = new vscode.EventEmitter();
  context.subscriptions.push(
    changedPath,
    never,
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(SETTING))
        changedPath.fire({ ...environmentPath(chosenPath()), resource: undefined });
    }),
  );
  return {
    ready: Promise.resolve(),
    settings: {
      getExecutionDetails: () => ({ execCommand: chosenPath() ? [chosenPath()] : undefined }),
      onDidChangeExecutionDetails: never.event,
    },
    environments: {
      getActiveEnvironmentPath: () => environmentPath(chosenPath()),
      updateActiveEnvironmentPath: (choice) =>
        vscode.workspace
          .getConfiguration()
          .update(SETTING, typeof choice === "string" ? choice : choice.path, vscode.ConfigurationTarget.Global),
      onDidChangeActiveEnvironmentPath: changedPath.event,
      resolveEnvironment: (choice) => {
        const file = typeof choice === "string" ? choice : choice.path;
        return file ? resolve(file) : Promise.resolve(undefined);
      },
      get known() {
        return chosenPath() ? [environmentPath(chosenPath())] : [];
      },
      onDidChangeEnvironments: never.event,
      refreshEnvironments: () => Promise.resolve(),
      getEnvironmentVariables: () => undefined,
      onDidEnvironmentVariablesChange: never.event,
    },
  };
}

module.exports = { activate, deactivate() {} };
