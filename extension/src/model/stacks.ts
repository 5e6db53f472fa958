import type { ActiveStackOrigin, ComponentType, ComponentView, StackView } from "../protocol";
import { ACTIVE_STACK_ORIGIN_VALUES } from "../protocol";
import { dotted } from "./format";

/** Who chose the active stack, in the few words that a row has room for. */
const ORIGINS: Readonly<Record<ActiveStackOrigin, string>> = {
  option: "set by an option",
  code: "set in code",
  run_configuration: "set by the run configuration",
  environment: "set by STACKYARD_ACTIVE_STACK",
  project: "set for this project",
  home: "set for all projects",
  default: "the default",
};

/** The short words for an origin. */
export function originWords(origin: ActiveStackOrigin): string {
  return ORIGINS[origin];
}

/** The same for an origin that was recorded with a run, maybe by another version that knows more of them. */
export function originText(origin: string): string {
  const known = ACTIVE_STACK_ORIGIN_VALUES.find((one) => one === origin);
  return known === undefined ? origin : ORIGINS[known];
}

/** `active · set for this project`; nothing for a stack that is not the active one. */
export function stackDescription(stack: StackView): string {
  if (!stack.active) return "";
  return dotted("active", stack.origin === null ? "" : originWords(stack.origin));
}

/** A setting of a component as a row shows it. */
export interface Setting {
  readonly key: string;
  readonly value: string;
}

/** The settings of a component, in the order of its flavor. */
export function settingsOf(component: ComponentView): Setting[] {
  return Object.entries(component.configuration).map(([key, value]) => ({ key, value: settingText(value) }));
}

function settingText(value: unknown): string {
  if (value === null || value === undefined || value === "") return "not set";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The component of a type, if the stack has one. */
export function componentOf(stack: StackView | null, type: ComponentType): ComponentView | undefined {
  return stack?.components.find((component) => component.component_type === type);
}

/** What a switch to this stack changes: where artifacts go, and what that means for the cache. */
export function switchEffect(stack: StackView | null, previous: StackView | null): string {
  const store = componentOf(stack, "artifact_store");
  if (store === undefined) return "";
  const before = componentOf(previous, "artifact_store");
  if (before?.id === store.id) return `Artifacts and cache stay in ${store.name}.`;
  return `Artifacts and cache are now those of ${store.name}.`;
}

/** Folder of a stack's artifacts, the user's home folder written as `~`; empty when the store has none. */
export function storeFolder(stack: StackView | null, home: string): string {
  const path = componentOf(stack, "artifact_store")?.configuration["path"];
  return typeof path === "string" ? tilde(path, home) : "";
}

function tilde(path: string, home: string): string {
  return home !== "" && path.startsWith(home) ? `~${path.slice(home.length)}` : path;
}
