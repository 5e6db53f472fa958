import assert from "node:assert/strict";
import {
  AS_IT_LIES,
  conditionText,
  missingText,
  neighbours,
  nextSort,
  pageOf,
  rangeText,
  spread,
  statisticFacts,
  statisticsOf,
} from "../../src/model/tables";
import type { ColumnStatistics, Preview, TablePage } from "../../src/protocol";

const statistics = (facts: Partial<ColumnStatistics> = {}): ColumnStatistics => ({
  count: 1000,
  missing: 0,
  distinct: null,
  minimum: null,
  maximum: null,
  mean: null,
  std: null,
  histogram: null,
  top: [],
  sampled: null,
  ...facts,
});

const page = (facts: Partial<TablePage> = {}): TablePage => ({
  columns: [{ name: "age", dtype: "int64", statistics: null }],
  rows: Array.from({ length: 100 }, (_, row) => [row]),
  offset: 0,
  n_matching: 1_000_000,
  n_rows: 1_000_000,
  n_columns: 1,
  shape: [],
  index: [],
  ...facts,
});

const preview = (facts: Partial<Preview> = {}): Preview => ({
  kind: "table",
  text: "",
  data: null,
  columns: [{ name: "age", dtype: "int64", statistics: null }],
  rows: [[1], [2]],
  n_rows: 569,
  n_columns: 1,
  image_file: "",
  statistics: null,
  truncated: true,
  ...facts,
});

describe("the rows that are shown", () => {
  it("are counted", () => {
    assert.equal(rangeText(page()), "1–100 of 1,000,000 rows, 1 column");
    assert.equal(rangeText(pageOf(preview())), "1–2 of 569 rows, 1 column");
    assert.equal(
      rangeText(page({ rows: [[1]], n_matching: 1, n_rows: 1, n_columns: 3 })),
      "1–1 of 1 row, 1 of 3 columns",
    );
  });

  it("are counted among those that match, and among all", () => {
    const last = page({ offset: 200, rows: [[1], [2]], n_matching: 202, n_rows: 5000 });
    assert.equal(rangeText(last), "201–202 of 202 matching rows (of 5,000), 1 column");
    assert.equal(rangeText(page({ rows: [], n_matching: 0, n_rows: 5000 })), "No row of 5,000 matches");
    assert.equal(rangeText(page({ rows: [], n_matching: 0, n_rows: 0 })), "No rows, 1 column");
  });

  it("have pages around them", () => {
    const beginning = { first: undefined, previous: undefined, next: 100, last: 999_900 };
    assert.deepEqual(neighbours(page()), beginning);
    assert.deepEqual(neighbours(page({ offset: 50 })), { first: 0, previous: 0, next: 150, last: 999_900 });
    const end = { first: 0, previous: 999_800, next: undefined, last: undefined };
    assert.deepEqual(neighbours(page({ offset: 999_900 })), end);
    // The preview shows fewer than a page has: the last page may begin with the next row.
    assert.deepEqual(neighbours(page({ rows: [[1], [2]], n_matching: 60 })).last, 2);
    assert.equal(AS_IT_LIES.offset, 0);
  });
});

describe("the order", () => {
  it("is ascending, then descending, then as the rows lie", () => {
    const up = nextSort([], "age");
    assert.deepEqual(up, [{ column: "age", descending: false }]);
    const down = nextSort(up, "age");
    assert.deepEqual(down, [{ column: "age", descending: true }]);
    assert.deepEqual(nextSort(down, "age"), []);
  });

  it("is by one column, unless another one is added", () => {
    const byAge = nextSort([], "age");
    assert.deepEqual(nextSort(byAge, "city"), [{ column: "city", descending: false }]);
    assert.deepEqual(nextSort(byAge, "city", true), [...byAge, { column: "city", descending: false }]);
  });
});

describe("a condition", () => {
  it("reads as it was written", () => {
    assert.equal(conditionText({ column: "age", op: ">=", value: "30" }), "age >= 30");
    assert.equal(conditionText({ column: "city", op: "is null", value: null }), "city is null");
    assert.equal(conditionText({ column: "city", op: "=", value: "" }), 'city = ""');
  });
});

describe("statistics of a column", () => {
  it("say in one line how far its values reach, or how many there are", () => {
    assert.equal(spread(statistics({ minimum: 0.5, maximum: 28.11000001 })), "0.5 – 28.11");
    assert.equal(
      spread(statistics({ minimum: "Bonn", maximum: "Ulm", distinct: 2, top: [{ value: "Ulm", count: 9 }] })),
      "2 different values",
    );
    assert.equal(spread(statistics({ count: 0, missing: 3 })), "no values");
  });

  it("say how much is missing", () => {
    assert.equal(missingText(statistics()), "");
    assert.equal(missingText(statistics({ count: 969, missing: 31 })), "3.1 % missing");
    assert.equal(missingText(statistics({ count: 1_000_000, missing: 1 })), "<0.1 % missing");
    assert.equal(missingText(statistics({ count: 1, missing: 1_000_000 })), ">99.9 % missing");
    assert.equal(missingText(statistics({ count: 0, missing: 5 })), "100 % missing");
  });

  it("are listed as far as they are known", () => {
    const names = statisticFacts(statistics({ minimum: 2024, maximum: 2026 })).map(([name, text]) => `${name} ${text}`);
    assert.deepEqual(names, ["Values 1,000", "Missing 0", "Minimum 2024", "Maximum 2026"]);
  });

  it("are those of the preview, of an array's only column those of the array", () => {
    const known = statistics({ count: 1 });
    const [column] = preview().columns;
    assert.ok(column);
    assert.equal(statisticsOf(preview(), column), null);
    assert.equal(statisticsOf(preview({ columns: [{ ...column, statistics: known }] }), column), known);
    assert.equal(statisticsOf(preview({ statistics: known }), column), known);
    assert.equal(statisticsOf(preview({ statistics: known, n_columns: 2 }), column), null);
  });
});
