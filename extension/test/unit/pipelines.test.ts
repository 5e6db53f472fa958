import assert from "node:assert/strict";
import { mentionsStackyard } from "../../src/model/mention";
import { packageOf, pipInstall } from "../../src/model/packages";
import { isInside } from "../../src/model/paths";
import { currentFirst, shortPath, stepsOf } from "../../src/model/pipelines";
import type { StepInfo } from "../../src/protocol";
import { aPipeline } from "./samples";

describe("pipelines of a project", () => {
  it("of the current file come first in a picker", () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => aPipeline({ name, file: `/project/${name}.py` }));
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    const names = (file: string | undefined): string[] => currentFirst([a, b, c], file).map((one) => one.name);
    assert.deepEqual(names("/project/c.py"), ["c", "a", "b"]);
    assert.deepEqual(names(undefined), ["a", "b", "c"]);
  });

  it("find the steps they call, those of their own file first", () => {
    const step = (file: string): StepInfo => ({ name: "load", function: "load", file, line: 1, column: 4, doc: "" });
    const [other, own] = [step("/project/steps.py"), step("/project/training.py")];
    const list = { pipelines: [], steps: [other, own], problems: [], indexing: false };
    const found = stepsOf(aPipeline({ steps: ["load", "gone"] }), list);
    assert.deepEqual(found, [
      { name: "load", step: own },
      { name: "gone", step: undefined },
    ]);
  });

  it("are named by a path relative to the workspace", () => {
    assert.equal(shortPath("/project/a/b.py", ["/other", "/project"]), "a/b.py");
    assert.equal(shortPath("/elsewhere/b.py", ["/project"]), "/elsewhere/b.py");
  });
});

describe("paths", () => {
  it("lie in a folder or not", () => {
    assert.ok(isInside("/project", "/project"));
    assert.ok(isInside("/project", "/project/..hidden/x"));
    assert.ok(!isInside("/project", "/project2/x"));
    assert.ok(!isInside("/project", "/project/../x"));
  });
});

describe("a document", () => {
  it("makes the server worth starting when it speaks of Stackyard", () => {
    assert.ok(mentionsStackyard("import os\nfrom stackyard import step\n"));
    assert.ok(mentionsStackyard("# stackyard: run-configuration\n"));
    assert.ok(!mentionsStackyard("import mystackyards\n"));
  });
});

describe("packages", () => {
  it("are not always called like their module", () => {
    assert.equal(packageOf("sklearn"), "scikit-learn");
    assert.equal(packageOf("pandas"), "pandas");
  });

  it("are installed by a line that a shell reads right", () => {
    assert.equal(pipInstall("/venv/bin/python", "linux", "pandas"), "/venv/bin/python -m pip install pandas");
    assert.equal(
      pipInstall("/my env/python", "linux", "-r", "/a b/r.txt"),
      '"/my env/python" -m pip install -r "/a b/r.txt"',
    );
    assert.equal(pipInstall("C:\\my env\\python.exe", "win32", "x"), '& "C:\\my env\\python.exe" -m pip install x');
  });
});
