import type { ErrorView } from "../protocol";

/** The button of an error toast: a command that mends what is wrong. */
export interface Remedy {
  readonly title: string;
  readonly command: string;
  readonly args?: readonly unknown[];
}

/** The user closed a picker or cancelled; nothing is shown. */
export class CancelledError extends Error {
  static is(error: unknown): error is CancelledError {
    return error instanceof CancelledError;
  }
}

/** Something that can go wrong without being a bug: what happened, to what, and what to do. */
export class ExpectedError extends Error {
  constructor(
    message: string,
    readonly hint = "",
    readonly remedy?: Remedy,
  ) {
    super(message);
  }

  static is(error: unknown): error is ExpectedError {
    return error instanceof ExpectedError;
  }
}

/** The server refused a request for a reason that is the user's to mend. */
export class RequestError extends ExpectedError {
  constructor(readonly view: ErrorView) {
    super(view.message, view.hint);
  }

  static override is(error: unknown, code?: string): error is RequestError {
    return error instanceof RequestError && (code === undefined || error.view.code === code);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Message and hint as one text of full sentences. */
export function fullMessage(error: unknown): string {
  const message = messageOf(error);
  const hint = ExpectedError.is(error) ? error.hint : "";
  return hint === "" ? message : `${sentence(message)} ${hint}`;
}

function sentence(text: string): string {
  return /[.!?:]$/.test(text) ? text : `${text}.`;
}
