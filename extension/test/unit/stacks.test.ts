import assert from "node:assert/strict";
import { artifactDescription, versionDescription } from "../../src/model/artifacts";
import { originText, settingsOf, stackDescription, storeFolder, switchEffect } from "../../src/model/stacks";
import { ACTIVE_STACK_ORIGIN_VALUES } from "../../src/protocol";
import { aComponent, aStack, aVersion } from "./samples";

describe("rows of stacks", () => {
  it("mark the active one and say who chose it", () => {
    assert.equal(stackDescription(aStack({ active: true, origin: "project" })), "active · set for this project");
    assert.equal(stackDescription(aStack({ active: true })), "active");
    assert.equal(stackDescription(aStack()), "");
  });

  it("have words for every origin, and pass on one they do not know", () => {
    for (const origin of ACTIVE_STACK_ORIGIN_VALUES) assert.notEqual(originText(origin), origin);
    assert.equal(originText("moonlight"), "moonlight");
  });

  it("show settings as text, whatever they are", () => {
    const configuration = { path: "/store", n: 3, tags: ["a"], secret: null, empty: "" };
    assert.deepEqual(
      settingsOf(aComponent({ configuration })).map(({ value }) => value),
      ["/store", "3", '["a"]', "not set", "not set"],
    );
  });
});

describe("a switch", () => {
  const stack = (id: string, path: string): ReturnType<typeof aStack> =>
    aStack({ components: [aComponent({ id, name: `store-${id}`, configuration: { path } })] });

  it("names the store that artifacts go to from now on", () => {
    assert.equal(switchEffect(stack("b", "/b"), stack("a", "/a")), "Artifacts and cache are now those of store-b.");
  });

  it("has room for the folder of the store where there is more room than in a status bar", () => {
    assert.equal(storeFolder(stack("b", "/home/me/b"), "/home/me"), "~/b");
    assert.equal(storeFolder(stack("b", "/b"), ""), "/b");
    assert.equal(storeFolder(null, "/home/me"), "");
  });

  it("between stacks with the same store says that nothing moves", () => {
    assert.equal(switchEffect(stack("a", "/a"), stack("a", "/a")), "Artifacts and cache stay in store-a.");
  });
});

describe("rows of artifacts", () => {
  const now = Date.parse("2026-11-21T10:10:00.000Z");

  it("describe a version by type, shape, size and age", () => {
    assert.equal(versionDescription(aVersion(), now), "DataFrame · 569 × 31 · 155 kB · 10 min ago");
    assert.match(versionDescription(aVersion({ status: "missing" }), now), /^missing · /);
  });

  it("count the versions of an artifact", () => {
    const artifact = {
      name: "dataset",
      artifact_store_id: "",
      artifact_store: "",
      n_versions: 2,
      latest_version: 2,
      latest_version_id: "",
      type: "builtins.dict",
      updated_at: "",
      tags: [],
    };
    assert.equal(artifactDescription(artifact, now), "2 versions · dict");
  });
});
