import type { StackyardApi } from "../../api";
import type { CommandId } from "../../commands/ids";
import { PAGE_ROWS } from "../../model/tables";
import { CancelledError, ExpectedError, type Remedy, RequestError, messageOf } from "../../util/errors";
import { requireTrust } from "../../vscode/workspace";
import type { Answer, Question } from "./contract";

const SELECT_INTERPRETER: CommandId = "stackyard.interpreter.select";
const INSTALL_MODULE: CommandId = "stackyard.environment.installModule";

/** `InterpreterError` of the server: none is chosen, or it can't be started. */
const INTERPRETER = "E103";
/** `PackageMissingError`: the interpreter lacks what reads this format. */
const PACKAGE_MISSING = "E101";

/** An answer, and what its button does. */
export interface Answered {
  readonly answer: Answer;
  readonly remedy?: Remedy;
}

/** Asks the user's interpreter about a stored table; what it refuses is an answer too. */
export async function answerTo(api: StackyardApi, versionId: string, question: Question): Promise<Answered> {
  try {
    requireTrust(
      "Stored values are looked into only in a workspace that you trust.",
      "The preview was written when the value was stored; no interpreter was started to show it.",
    );
    if (question.kind === "statistics") {
      const { column, index } = question;
      const statistics = await api.columnStatistics({ id: versionId, column, index: [...index] });
      return { answer: { kind: "statistics", statistics } };
    }
    const { offset, sort, where, index } = question.query;
    const page = await api.tablePage({
      id: versionId,
      offset,
      limit: PAGE_ROWS,
      sort: [...sort],
      where: [...where],
      index: [...index],
      view: `artifact:${versionId}`,
    });
    return { answer: { kind: "page", page } };
  } catch (error) {
    if (CancelledError.is(error)) return { answer: { kind: "superseded" } };
    const remedy = remedyOf(error);
    const hint = ExpectedError.is(error) ? error.hint : "";
    const answer: Answer = { kind: "refused", message: messageOf(error), hint, button: remedy?.title ?? "" };
    return remedy === undefined ? { answer } : { answer, remedy };
  }
}

/** The button that mends what a question was refused for; undefined when none does. */
export function remedyOf(error: unknown): Remedy | undefined {
  if (RequestError.is(error, INTERPRETER)) return { title: "Select Interpreter", command: SELECT_INTERPRETER };
  if (RequestError.is(error, PACKAGE_MISSING)) {
    const [, name] = /pip install (\w+)$/.exec(error.hint) ?? [];
    if (name !== undefined) return { title: `Install ${name}`, command: INSTALL_MODULE, args: [name] };
  }
  return ExpectedError.is(error) ? error.remedy : undefined;
}
