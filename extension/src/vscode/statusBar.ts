import type { StatusBarItem } from "vscode";
import { StatusBarAlignment, window } from "vscode";
import type { CommandId } from "../commands/ids";
import { DisposableBag } from "../util/disposable";

/** How long the status bar offers Undo, and says what a switch changed. */
export const UNDO_MS = 10_000;

const UNDO: CommandId = "stackyard.stack.undoSwitch";

/** Says something in the status bar for as long as Undo is offered. */
export function flash(message: string): void {
  window.setStatusBarMessage(message, UNDO_MS);
}

/** Offers for a while to go back to the stack before a switch. */
export class UndoOffer extends DisposableBag {
  private readonly item: StatusBarItem;

  private timer: NodeJS.Timeout | undefined;

  constructor() {
    super();
    this.item = this.track(window.createStatusBarItem("stackyard.undoSwitch", StatusBarAlignment.Left, 60));
    this.item.name = "Stackyard: Undo Switch";
    this.track({
      dispose: () => {
        clearTimeout(this.timer);
      },
    });
  }

  /**
   * Shows the offer.
   *
   * @param stack name of the stack that is active now.
   * @param effect what the switch changed, for who rests the mouse on it.
   * @param previous id of the stack before.
   */
  make(stack: string, effect: string, previous: string): void {
    clearTimeout(this.timer);
    this.item.text = `$(discard) Undo switch to ${stack}`;
    this.item.tooltip = effect;
    this.item.command = { command: UNDO, title: "Undo Switch", arguments: [previous] };
    this.item.show();
    this.timer = setTimeout(() => {
      this.takeBack();
    }, UNDO_MS);
  }

  /** Hides the offer. */
  takeBack(): void {
    clearTimeout(this.timer);
    this.item.hide();
  }
}
