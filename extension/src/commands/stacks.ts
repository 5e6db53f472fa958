import { homedir } from "node:os";
import { env } from "vscode";
import { dotted } from "../model/format";
import { componentOf, stackDescription, switchEffect } from "../model/stacks";
import type { StackView } from "../protocol";
import { SettingNode, StackNode } from "../views/stacksTree";
import { pick } from "../vscode/quickPick";
import { flash } from "../vscode/statusBar";
import { toast } from "../vscode/toast";
import type { Deps } from "./deps";

/** Switches to the stack of a row, or asks which. */
export async function switchStack(deps: Deps, target: unknown): Promise<void> {
  const { items, active } = await deps.stores.stacks.get();
  const stack = target instanceof StackNode ? target.stack : await pickStack(items);
  if (stack.id === active.id && active.error === null) {
    flash(`$(layers) ${stack.name} is the active stack already.`);
    return;
  }
  await activate(deps, stack, active.error === null ? active.stack : null);
}

/** Goes back to the stack before the last switch. */
export async function undoSwitch(deps: Deps, target: unknown): Promise<void> {
  const { items, active } = await deps.stores.stacks.get();
  const stack = items.find((one) => one.id === target);
  if (stack !== undefined) await activate(deps, stack, active.stack);
}

/** Copies the value of a setting's row. */
export async function copySettingValue(target: unknown): Promise<void> {
  if (!(target instanceof SettingNode)) return;
  await env.clipboard.writeText(target.setting.value);
  flash(`$(copy) ${target.setting.key} copied.`);
}

async function activate(deps: Deps, stack: StackView, before: StackView | null): Promise<void> {
  const { active, previous } = await deps.api.activateStack(stack.id);
  deps.undo.takeBack();
  await deps.stores.stacks.refresh();
  deps.stores.artifacts.storesChanged();
  if (active.warning !== "") {
    void toast("warning", active.warning);
    return;
  }
  const effect = switchEffect(active.stack, before, homedir());
  flash(`$(layers) ${effect}`);
  if (previous !== "" && previous !== active.id) deps.undo.make(stack.name, effect, previous);
}

async function pickStack(stacks: readonly StackView[]): Promise<StackView> {
  const choices = stacks.map((stack) => ({
    label: `${stack.active ? "$(pass-filled)" : "$(layers)"} ${stack.name}`,
    description: stackDescription(stack),
    detail: dotted(named(stack, "orchestrator"), named(stack, "artifact_store")),
    value: stack,
  }));
  return pick(choices, {
    title: "Switch Stack",
    placeholder: "Choose the stack that pipelines run on",
    // The active one is first and can't be switched to.
    focus: stacks.length > 1 && stacks[0]?.active === true ? 1 : 0,
  });
}

function named(stack: StackView, type: "orchestrator" | "artifact_store"): string {
  const component = componentOf(stack, type);
  return component === undefined ? "" : `${type.replace("_", " ")} ${component.name} (${component.flavor})`;
}
