/**
 * The one status of the extension, put together from the server's phase and the environment that runs would use.
 *
 * Every view, the status bar and every command that can't go on say the same thing and offer the same fix.
 */

import type { Remedy } from "../util/errors";

/** Where the server stands. */
export type ServerPhase =
  | { readonly kind: "idle" | "starting" }
  | { readonly kind: "noPython" }
  | { readonly kind: "unusablePython"; readonly problem: string }
  | { readonly kind: "failed"; readonly problem: string }
  | { readonly kind: "ready" };

/** What is known of the user's interpreter, which runs pipelines. */
export type EnvironmentFacts =
  | { readonly kind: "unknown" | "none" }
  | { readonly kind: "unusable"; readonly problem: string; readonly hint: string; readonly installHelps: boolean }
  | { readonly kind: "usable"; readonly python: string; readonly importable: boolean };

/** Context key values: package.json's `when` clauses know them. */
export type StatusKind = "noInterpreter" | "unusableInterpreter" | "starting" | "ready" | "failed";

/** What the extension can do now. */
export interface ExtensionStatus {
  readonly kind: StatusKind;
  /** The server answers: views have data whatever `kind` says. */
  readonly serves: boolean;
  /** What is wrong, to what; empty when nothing is. */
  readonly problem: string;
  readonly hint: string;
  /** The one button that mends it. */
  readonly remedy: Remedy | undefined;
}

const SELECT: Remedy = { title: "Select Interpreter", command: "stackyard.interpreter.select" };
const INSTALL: Remedy = { title: "Install Stackyard", command: "stackyard.environment.install" };
const RESTART: Remedy = { title: "Restart Server", command: "stackyard.server.restart" };

/** Puts the two facets together. */
export function statusOf(phase: ServerPhase, environment: EnvironmentFacts): ExtensionStatus {
  switch (phase.kind) {
    case "idle":
    case "starting":
      return { kind: "starting", serves: false, problem: "", hint: "", remedy: undefined };
    case "noPython":
      return {
        kind: "noInterpreter",
        serves: false,
        problem: "No Python was found, and Stackyard's server needs one.",
        hint: "Install Python 3.10 or newer, or select the one you have.",
        remedy: SELECT,
      };
    case "unusablePython":
      return {
        kind: "unusableInterpreter",
        serves: false,
        problem: phase.problem,
        hint: "Select a Python from 3.10 to 3.14.",
        remedy: SELECT,
      };
    case "failed":
      return {
        kind: "failed",
        serves: false,
        problem: `Stackyard's server does not run: ${phase.problem}`,
        hint: "The log says more.",
        remedy: RESTART,
      };
    case "ready":
      return withServer(environment);
  }
}

function withServer(environment: EnvironmentFacts): ExtensionStatus {
  switch (environment.kind) {
    case "none":
      return {
        kind: "noInterpreter",
        serves: true,
        problem: "There is no Python interpreter to run pipelines with.",
        hint: "Select one, or make a virtual environment named .venv.",
        remedy: SELECT,
      };
    case "unusable":
      return {
        kind: "unusableInterpreter",
        serves: true,
        problem: environment.problem,
        hint: environment.hint,
        remedy: environment.installHelps ? INSTALL : SELECT,
      };
    case "unknown":
    case "usable":
      return { kind: "ready", serves: true, problem: "", hint: "", remedy: undefined };
  }
}
