import assert from "node:assert/strict";
import { environmentsIn, pythonsOnPath, unfitForServer } from "../../src/model/pythons";

function facts(version: [number, number, number], more = {}): Parameters<typeof unfitForServer>[0] {
  return { executable: "/usr/bin/python3", version, implementation: "cpython", freeThreaded: false, ...more };
}

describe("pythons", () => {
  it("are fit for the server from 3.10 on, as far as the libraries are built", () => {
    for (const minor of [10, 11, 12, 13, 14]) assert.equal(unfitForServer(facts([3, minor, 0])), undefined);
    assert.match(unfitForServer(facts([3, 9, 18])) ?? "", /3\.9\.18 at \/usr\/bin\/python3 is too old/);
    assert.match(unfitForServer(facts([2, 7, 18])) ?? "", /too old/);
    assert.match(unfitForServer(facts([3, 15, 0])) ?? "", /newer than/);
    assert.match(unfitForServer(facts([3, 11, 0], { implementation: "pypy" })) ?? "", /CPython is needed/);
    assert.match(unfitForServer(facts([3, 13, 0], { freeThreaded: true })) ?? "", /free-threaded/);
  });

  it("are looked for on PATH, python3 before all others", () => {
    const found = pythonsOnPath("/a/bin:/b/bin", "linux", []);
    assert.deepEqual(found.slice(0, 2), ["/a/bin/python3", "/b/bin/python3"]);
    assert.ok(found.includes("/usr/bin/python3"), "the usual folders come without being on PATH");
    assert.ok(found.indexOf("/b/bin/python3.10") < found.indexOf("/a/bin/python"));
  });

  it("are never taken from inside the workspace or from a relative folder", () => {
    const found = pythonsOnPath("/project/.venv/bin:bin:.::/usr/bin", "linux", ["/project"]);
    assert.ok(
      found.every((path) => path.startsWith("/usr/") || path.startsWith("/opt/")),
      found.join(),
    );
  });

  it("of a folder's own environments are .venv first", () => {
    assert.deepEqual(environmentsIn("/project", "linux"), ["/project/.venv/bin/python", "/project/venv/bin/python"]);
    assert.ok(environmentsIn("/project", "win32").every((path) => path.endsWith("python.exe")));
  });
});
