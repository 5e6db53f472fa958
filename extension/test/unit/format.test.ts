import assert from "node:assert/strict";
import {
  count,
  dotted,
  escaped,
  formatAge,
  formatDuration,
  formatShape,
  formatSize,
  shortDigest,
  shortType,
  thousands,
} from "../../src/model/format";

function check<T>(format: (value: T) => string, expected: readonly (readonly [T, string])[]): void {
  for (const [value, text] of expected) assert.equal(format(value), text, `of ${String(value)}`);
}

describe("format", () => {
  it("shows durations with the digits that matter", () => {
    check(formatDuration, [
      [0, "0.00 s"],
      [0.994, "0.99 s"],
      [0.996, "1.0 s"],
      [9.949, "9.9 s"],
      [9.951, "10 s"],
      [59.4, "59 s"],
      [59.6, "1 min 00 s"],
      [125, "2 min 05 s"],
      [3599.6, "1 h 00 min"],
      [7325, "2 h 02 min"],
      [-1, ""],
      [Number.NaN, ""],
    ]);
  });

  it("shows ages in one unit", () => {
    const now = Date.parse("2026-11-21T12:00:00Z");
    const ago = (seconds: number): string => formatAge(new Date(now - seconds * 1000).toISOString(), now);
    check(ago, [
      [-5, "just now"],
      [44, "just now"],
      [46, "1 min ago"],
      [600, "10 min ago"],
      [3600, "1 h ago"],
      [7300, "2 h ago"],
      [100_000, "yesterday"],
      [3 * 86_400, "3 days ago"],
    ]);
    assert.match(ago(30 * 86_400), /^\d+ Oct$/);
    assert.match(ago(400 * 86_400), /^\d+ Oct 2025$/);
    assert.equal(formatAge("", now), "");
  });

  it("shows sizes in decimal units", () => {
    check(formatSize, [
      [0, "0 B"],
      [999, "999 B"],
      [1000, "1.0 kB"],
      [999_499, "999 kB"],
      [999_500, "1.0 MB"],
      [155_000, "155 kB"],
      [1_234_567_890, "1.2 GB"],
    ]);
  });

  it("counts with singular, plural and thousands", () => {
    assert.equal(count(1, "step"), "1 step");
    assert.equal(count(1234, "step"), "1,234 steps");
    assert.equal(thousands(1_000_000), "1,000,000");
  });

  it("shortens types, digests and shapes", () => {
    assert.equal(shortType("pandas.core.frame.DataFrame"), "DataFrame");
    assert.equal(shortType("float"), "float");
    assert.equal(shortDigest("sha256:0123456789abcdef"), "0123456789ab");
    assert.equal(formatShape([1569, 31]), "1,569 × 31");
    assert.equal(formatShape(null), "");
  });

  it("escapes what Markdown would take, and leaves the blanks that lines break at", () => {
    assert.equal(escaped("a *b* <c> d_e"), "a \\*b\\* \\<c\\> d\\_e");
    assert.equal(escaped("&lt;"), "\\&lt;");
  });

  it("joins what there is", () => {
    assert.equal(dotted("a", "", undefined, "b"), "a · b");
  });
});
