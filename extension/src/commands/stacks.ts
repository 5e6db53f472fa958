import { homedir } from "node:os";
import { env } from "vscode";
import { checkOf, errorLines, errorsOf, sentence } from "../model/checks";
import { dotted } from "../model/format";
import { componentOf, stackDescription, storeFolder, switchEffect } from "../model/stacks";
import type { CheckView, StackView } from "../protocol";
import { SettingNode, StackNode } from "../views/stacksTree";
import { pick } from "../vscode/quickPick";
import { flash } from "../vscode/statusBar";
import { toast } from "../vscode/toast";
import type { Deps } from "./deps";

/** Switches to the stack of a row, or asks which. */
export async function switchStack(deps: Deps, target: unknown): Promise<void> {
  const { items, active } = await deps.stores.stacks.get();
  // The active one is first and can't be switched to.
  const other = items.length > 1 && items[0]?.active === true ? 1 : 0;
  const stack =
    target instanceof StackNode
      ? target.stack
      : await pickStack(items, "Switch Stack", "Choose the stack that pipelines run on", other);
  if (stack.id === active.id && active.error === null) {
    flash(`$(layers) ${stack.name} is the active stack already.`);
    return;
  }
  const check = await knownProblem(deps, stack);
  if (check !== undefined && !(await confirmed(deps, stack, check))) return;
  await activate(deps, stack, active.error === null ? active.stack : null);
  if (check === undefined) await tellProblem(deps, stack);
}

/** Goes back to the stack before the last switch. */
export async function undoSwitch(deps: Deps, target: unknown): Promise<void> {
  const { items, active } = await deps.stores.stacks.get();
  const stack = items.find((one) => one.id === target);
  if (stack !== undefined) await activate(deps, stack, active.stack);
}

/** Shows what is wrong with the stack of a row, of an id, or of the user's choice, and what is right. */
export async function checkStack(deps: Deps, target: unknown): Promise<void> {
  const { items } = await deps.stores.stacks.get();
  const given = target instanceof StackNode ? target.stack : items.find(({ id }) => id === target);
  const stack = given ?? (await pickStack(items, "Check Stack", "Choose the stack to check", 0));
  const check = await freshCheck(deps, stack);
  if (check !== undefined) await deps.checkPages.show(stack.name, check);
  await deps.stores.checks.refresh();
}

/** Copies the value of a setting's row. */
export async function copySettingValue(target: unknown): Promise<void> {
  if (!(target instanceof SettingNode)) return;
  await env.clipboard.writeText(target.setting.value);
  flash(`$(copy) ${target.setting.key} copied.`);
}

/**
 * The check of a stack that is known to fail, asked for once more: it may have been mended. A healthy stack costs
 * nothing here.
 */
async function knownProblem(deps: Deps, stack: StackView): Promise<CheckView | undefined> {
  if (errorsOf(checkOf(deps.stores.checks.peek(), stack.id)).length === 0) return undefined;
  const check = await freshCheck(deps, stack);
  return check?.usable === false ? check : undefined;
}

async function confirmed(deps: Deps, stack: StackView, check: CheckView): Promise<boolean> {
  const message = `The stack ${stack.name} can't be used as it is.`;
  const answer = await deps.dialogs.ask(message, errorLines(check), "Switch Anyway", "Show Details");
  if (answer === "Show Details") await deps.checkPages.show(stack.name, check);
  return answer === "Switch Anyway";
}

/** Tells what nobody knew when the stack was switched to: a folder on disk may have gone since. */
async function tellProblem(deps: Deps, stack: StackView): Promise<void> {
  const check = await freshCheck(deps, stack);
  const [error] = errorsOf(check);
  if (error === undefined) return;
  await deps.stores.checks.refresh();
  const details = { title: "Show Details", command: "stackyard.stack.check" as const, args: [stack.id] };
  void toast("warning", `The stack ${stack.name} can't be used as it is. ${sentence(error)}`, details);
}

async function freshCheck(deps: Deps, stack: StackView): Promise<CheckView | undefined> {
  return checkOf(await deps.api.checkStacks(stack.id), stack.id);
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
  const effect = switchEffect(active.stack, before);
  flash(`$(layers) ${effect}`);
  if (previous !== "" && previous !== active.id) {
    deps.undo.make(stack.name, `${effect}\n${storeFolder(active.stack, homedir())}`.trimEnd(), previous);
  }
}

async function pickStack(
  stacks: readonly StackView[],
  title: string,
  placeholder: string,
  focus: number,
): Promise<StackView> {
  const choices = stacks.map((stack) => ({
    label: `${stack.active ? "$(pass-filled)" : "$(layers)"} ${stack.name}`,
    description: stackDescription(stack),
    detail: dotted(named(stack, "orchestrator"), named(stack, "artifact_store")),
    value: stack,
  }));
  return pick(choices, { title, placeholder, focus });
}

function named(stack: StackView, type: "orchestrator" | "artifact_store"): string {
  const component = componentOf(stack, type);
  return component === undefined ? "" : `${type.replace("_", " ")} ${component.name} (${component.flavor})`;
}
