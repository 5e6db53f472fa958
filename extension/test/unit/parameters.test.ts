import assert from "node:assert/strict";
import {
  describeParameter,
  isOptional,
  kindOf,
  missingParameters,
  parseParameter,
  prefill,
} from "../../src/model/parameters";
import { aParameter } from "./samples";

function value(annotation: string, typed: string, defaultSource: string | null = null): unknown {
  const parsed = parseParameter(aParameter({ annotation, default: defaultSource }), typed);
  return parsed.ok ? parsed.value.value : { problem: parsed.problem };
}

function isRefused(annotation: string, typed: string): boolean {
  return !parseParameter(aParameter({ annotation }), typed).ok;
}

describe("parameters of a pipeline", () => {
  it("are read by their annotation", () => {
    assert.equal(value("int", " 10 "), 10);
    assert.equal(value("float", "1e-3"), 0.001);
    assert.equal(value("bool", "true"), true);
    assert.equal(value("str", " two words "), " two words ");
    assert.deepEqual(value("list[int]", "[1, 2]"), [1, 2]);
    assert.deepEqual(value("dict[str, float]", '{"a": 1.5}'), { a: 1.5 });
  });

  it("are refused when they can't be of that type", () => {
    for (const [annotation, typed] of [
      ["int", "1.5"],
      ["int", ""],
      ["int", "ten"],
      ["float", "0,5"],
      ["float", ""],
      ["bool", "yes"],
      ["list[int]", "[1,"],
      ["Literal['a', 'b']", "c"],
      ["datetime", ""],
    ] as const) {
      assert.ok(isRefused(annotation, typed), `${annotation} ${typed}`);
    }
  });

  it("see through Optional, unions with None and Annotated", () => {
    assert.equal(kindOf(aParameter({ annotation: "Optional[int]" })).kind, "int");
    assert.equal(kindOf(aParameter({ annotation: "float | None" })).kind, "float");
    assert.equal(kindOf(aParameter({ annotation: "None | str" })).kind, "str");
    assert.equal(kindOf(aParameter({ annotation: "Annotated[dict[str, int], 'n']" })).kind, "json");
    assert.equal(kindOf(aParameter({ annotation: "Annotated[int, 'n']" })).kind, "int");
    assert.equal(value("int | None", "None"), null);
    assert.ok(isRefused("int", "None"));
    assert.ok(isOptional(aParameter({ annotation: "Optional[str]" })));
    assert.ok(!isOptional(aParameter({ annotation: "NoneSuch" })));
  });

  it("offer the choices of a Literal of texts", () => {
    const kind = kindOf(aParameter({ annotation: 'Literal["rf", "sgd"]' }));
    assert.deepEqual(kind, { kind: "choice", choices: ["rf", "sgd"] });
    assert.equal(kindOf(aParameter({ annotation: "Literal[1, 2]" })).kind, "other");
  });

  it("without an annotation go by their default", () => {
    assert.equal(value("", "3", "10"), 3);
    assert.equal(value("", "3", "0.5"), 3);
    assert.equal(value("", "3", '"text"'), "3");
    assert.equal(value("", "3", "SEED"), "3");
  });

  it("travel as text when they are of another type, or too big for a number here", () => {
    assert.equal(value("datetime", "2026-11-21"), "2026-11-21");
    assert.equal(value("int", "12345678901234567890"), "12345678901234567890");
  });

  it("start from a literal default, not from other source", () => {
    assert.equal(prefill(aParameter({ default: '"rf"' })), "rf");
    assert.equal(prefill(aParameter({ default: "1_000" })), "1000");
    assert.equal(prefill(aParameter({ default: "SEED" })), "");
    assert.equal(prefill(aParameter({ default: '"a" + "b"' })), "");
    assert.equal(prefill(aParameter()), "");
  });

  it("are described by value and type", () => {
    assert.equal(describeParameter(aParameter({ annotation: "int", default: "10" }), undefined), "= 10 (int)");
    assert.equal(describeParameter(aParameter({ annotation: "int" }), undefined), "required (int)");
    assert.equal(describeParameter(aParameter({ default: "1" }), { value: 2, text: "2" }), "= 2");
  });

  it("that are required are missing until they are chosen", () => {
    const parameters = [
      aParameter({ name: "a", required: true }),
      aParameter({ name: "b", default: "1", required: false }),
    ];
    assert.deepEqual(missingParameters(parameters, new Map()), ["a"]);
    assert.deepEqual(missingParameters(parameters, new Map([["a", { value: 1, text: "1" }]])), []);
  });
});
