import type { ParameterValue } from "../model/parameters";
import { describeParameter, kindOf, missingParameters, parseParameter, prefill } from "../model/parameters";
import type { ParameterInfo, PipelineInfo } from "../protocol";
import { type Choice, input, pick } from "../vscode/quickPick";

/** Parameters that were chosen, by name; those left out keep their defaults. */
export type ChosenParameters = ReadonlyMap<string, ParameterValue>;

/**
 * Offers the parameters of a pipeline: Enter runs with the defaults, choosing one changes it first.
 *
 * @throws CancelledError when the picker is closed.
 */
export async function chooseParameters(pipeline: PipelineInfo): Promise<ChosenParameters> {
  const chosen = new Map<string, ParameterValue>();
  if (pipeline.parameters.length === 0) return chosen;
  let last: string | undefined;
  for (;;) {
    const parameter = await pickParameter(pipeline, chosen, last);
    if (parameter === undefined) return chosen;
    const value = await askValue(pipeline, parameter, chosen.get(parameter.name));
    if (value !== undefined) chosen.set(parameter.name, value);
    last = value === undefined ? parameter.name : undefined;
  }
}

/** The parameter to change; undefined to run. */
async function pickParameter(
  pipeline: PipelineInfo,
  chosen: ChosenParameters,
  last: string | undefined,
): Promise<ParameterInfo | undefined> {
  const missing = missingParameters(pipeline.parameters, chosen);
  const rows: Choice<ParameterInfo | undefined>[] = pipeline.parameters.map((parameter) => ({
    label: `$(${chosen.has(parameter.name) ? "edit" : "symbol-parameter"}) ${parameter.name}`,
    description: describeParameter(parameter, chosen.get(parameter.name)),
    value: parameter,
  }));
  const [firstMissing] = missing;
  if (firstMissing === undefined) rows.unshift(runRow(chosen));
  const focused = rows.findIndex((row) => row.value?.name === (last ?? firstMissing));
  return pick(rows, {
    title: `Run ${pipeline.name}`,
    placeholder:
      firstMissing === undefined
        ? "Press Enter to run, or choose a parameter to change"
        : `Choose a value for ${missing.join(", ")}`,
    focus: Math.max(0, focused),
  });
}

function runRow(chosen: ChosenParameters): Choice<undefined> {
  if (chosen.size === 0) return { label: "$(play) Run with defaults", value: undefined };
  const changes = [...chosen].map(([name, { text }]) => `${name} = ${text}`).join(", ");
  return { label: "$(play) Run", description: changes, value: undefined };
}

/** A new value; undefined when the user went back. */
async function askValue(
  pipeline: PipelineInfo,
  parameter: ParameterInfo,
  present: ParameterValue | undefined,
): Promise<ParameterValue | undefined> {
  const kind = kindOf(parameter);
  const title = `Run ${pipeline.name}: ${parameter.name}`;
  const text = present?.text ?? prefill(parameter);
  const options = kind.kind === "choice" ? kind.choices : kind.kind === "bool" ? ["True", "False"] : [];
  if (options.length > 0) {
    const rows = options.map((option) => ({ label: option, value: option }));
    const typed = await pick(rows, { title, placeholder: "Choose a value", focus: Math.max(0, options.indexOf(text)) });
    return accepted(parameter, typed);
  }
  const typed = await input({
    title,
    prompt: parameter.annotation === "" ? "A value" : `A value of type ${parameter.annotation}`,
    placeholder: parameter.default === null ? "" : `default: ${parameter.default}`,
    value: text,
    problem: (candidate) => {
      const parsed = parseParameter(parameter, candidate);
      return parsed.ok ? undefined : parsed.problem;
    },
  });
  return typed === undefined ? undefined : accepted(parameter, typed);
}

function accepted(parameter: ParameterInfo, typed: string): ParameterValue | undefined {
  const parsed = parseParameter(parameter, typed);
  return parsed.ok ? parsed.value : undefined;
}
