import { ThemeColor, ThemeIcon } from "vscode";
import { STATUS_ICONS } from "../model/status";
import type { ComponentType, Status } from "../protocol";

const COMPONENT_ICONS: Readonly<Record<ComponentType, string>> = {
  orchestrator: "server-process",
  artifact_store: "database",
  container_registry: "package",
  step_operator: "vm",
  experiment_tracker: "beaker",
  model_deployer: "rocket",
  model_registry: "library",
  feature_store: "table",
  data_validator: "verified",
  alerter: "bell",
  annotator: "tag",
  image_builder: "tools",
  log_store: "output",
};

/** A codicon, painted in a theme colour if one is given. */
export function icon(name: string, color?: string): ThemeIcon {
  return color === undefined ? new ThemeIcon(name) : new ThemeIcon(name, new ThemeColor(color));
}

/** The icon of a status, in its colour. */
export function statusIcon(status: Status): ThemeIcon {
  const { icon: name, color } = STATUS_ICONS[status];
  return icon(name, color);
}

/** The icon of a component type. */
export function componentIcon(type: ComponentType): ThemeIcon {
  return icon(COMPONENT_ICONS[type]);
}
