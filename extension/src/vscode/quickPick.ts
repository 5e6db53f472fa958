import type { QuickPickItem } from "vscode";
import { QuickInputButtons, window } from "vscode";
import { CancelledError } from "../util/errors";

/** A row of a picker and what it stands for. */
export interface Choice<T> extends QuickPickItem {
  readonly value: T;
}

/** How a picker looks. */
export interface PickOptions {
  readonly title: string;
  readonly placeholder: string;
  /** The row that has the focus first, by position. */
  readonly focus?: number;
}

/**
 * Lets the user choose one row; typing filters by label, description and detail.
 *
 * @throws CancelledError when the picker is closed without a choice.
 */
export async function pick<T>(choices: readonly Choice<T>[], options: PickOptions): Promise<T> {
  const picker = window.createQuickPick<Choice<T>>();
  picker.title = options.title;
  picker.placeholder = options.placeholder;
  picker.matchOnDescription = true;
  picker.matchOnDetail = true;
  picker.items = choices;
  const focused = choices[options.focus ?? 0];
  if (focused !== undefined) picker.activeItems = [focused];
  try {
    return await new Promise<T>((resolve, reject) => {
      picker.onDidAccept(() => {
        const chosen = picker.selectedItems[0];
        if (chosen !== undefined) resolve(chosen.value);
      });
      picker.onDidHide(() => {
        reject(new CancelledError());
      });
      picker.show();
    });
  } finally {
    picker.dispose();
  }
}

/** An input box that is checked while the user types. */
export interface InputOptions {
  readonly title: string;
  readonly prompt: string;
  readonly placeholder: string;
  readonly value: string;
  /** Why a text is not accepted; undefined when it is. */
  readonly problem: (text: string) => string | undefined;
}

/**
 * Asks for a text.
 *
 * @returns the text, or "back" as undefined when the user pressed the back button.
 * @throws CancelledError when the box is closed without an answer.
 */
export async function input(options: InputOptions): Promise<string | undefined> {
  const box = window.createInputBox();
  box.title = options.title;
  box.prompt = options.prompt;
  box.placeholder = options.placeholder;
  box.value = options.value;
  box.buttons = [QuickInputButtons.Back];
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      box.onDidChangeValue((text) => {
        box.validationMessage = options.problem(text);
      });
      box.onDidTriggerButton(() => {
        resolve(undefined);
      });
      box.onDidAccept(() => {
        const problem = options.problem(box.value);
        box.validationMessage = problem;
        if (problem === undefined) resolve(box.value);
      });
      box.onDidHide(() => {
        reject(new CancelledError());
      });
      box.show();
    });
  } finally {
    box.dispose();
  }
}
