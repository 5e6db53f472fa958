"""Numbers of versions that come back, what records say, and whether a catalog is damaged."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.storage.catalog.connection import open_writer, transaction
from stackyard.storage.catalog.health import catalog_health, damage_of
from stackyard.storage.catalog.model_records import known_models, model_record, restore_models
from stackyard.storage.catalog.models import create_model, create_version, find_model, set_stage
from stackyard.storage.catalog.records import insert_missing, parse_record, restore
from stackyard.storage.catalog.reindexing import gathered, numbered
from stackyard.storage.catalog.tags import add_tags
from stackyard.storage.home import Home


@pytest.mark.parametrize(
    ("wanted", "taken", "last", "expected"),
    [
        ({}, (), 0, [1, 2, 3, 4]),
        ({"a": 3, "b": 4, "c": 7, "d": 9}, (), 9, [3, 4, 7, 9]),
        ({"a": 1, "b": 2, "d": 4}, (), 4, [1, 2, 3, 4]),  # c is of a run that was killed
        ({"a": 1, "b": 2, "c": 3}, (), 3, [1, 2, 3, 4]),
        ({"a": 1, "b": 2, "c": 3}, (), 8, [1, 2, 3, 9]),  # later ones were deleted
        ({"a": 1, "d": 2}, (), 2, [1, 3, 4, 2]),  # nothing is free between
        ({"a": 1, "b": 2}, (1, 2), 2, [3, 4, 5, 6]),  # meanwhile given to others
        ({"b": 5}, (), 5, [1, 5, 6, 7]),
    ],
)
def test_versions_have_the_numbers_that_they_had(
    wanted: dict[str, int], taken: tuple[int, ...], last: int, expected: list[int]
) -> None:
    found = numbered(list("abcd"), wanted, taken, last)
    assert [found[version] for version in "abcd"] == expected


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=12),
    st.dictionaries(st.integers(0, 30), st.integers(1, 40), max_size=12),
    st.sets(st.integers(1, 40), max_size=10),
)
def test_no_two_versions_have_one_number(ids: list[int], wanted: dict[int, int], taken: set[int]) -> None:
    names = [str(i) for i in sorted(ids)]
    known = {str(i): number for i, number in wanted.items()}
    found = numbered(names, known, taken, max(taken, default=0))
    assert set(found) == set(names)
    assert len(set(found.values())) == len(names)
    assert not set(found.values()) & taken
    assert all(number > 0 for number in found.values())


def test_a_record_that_can_not_be_read_counts_as_none() -> None:
    for data in (b"", b"{", b"[]", b'{"format": "2.0"}', b"{}", b"\xff"):
        assert parse_record(data) is None
    newer = parse_record(json.dumps({"format": "1.9", "at": "2026", "runs": [], "future": 1}).encode())
    assert newer is not None
    assert gathered([newer]).runs == {}


def test_the_newest_record_says_what_an_artifact_is_tagged_with() -> None:
    def record(at: str, tags: list[str], last: int) -> dict[str, object]:
        return {"at": at, "artifacts": [{"project_id": "p", "name": "a", "tags": tags, "last_version": last}]}

    known = gathered([record("2026-02", ["new"], 3), record("2026-01", ["old"], 7)])
    assert known.artifacts["p", "a"]["tags"] == ["new"]
    assert known.artifacts["p", "a"]["last_version"] == 7


def test_a_run_whose_name_is_taken_comes_back_under_another(tmp_path: Path) -> None:
    connection = open_writer(Home(tmp_path))
    run = dict.fromkeys(
        ("stack", "stack_id", "stack_origin", "orchestrator", "artifact_store", "artifact_store_id"), "x"
    )
    base = {**run, "number": 1, "pipeline": "p", "project_id": "p", "status": "completed", "created_at": "2026"}
    with transaction(connection) as sql:
        insert_missing(sql, "runs", [{**base, "id": "01a20000-0000-7000-8000-000000000001", "name": "p-1"}])
        restore(sql, {"runs": [{**base, "id": "01a10000-0000-7000-8000-000000000001", "name": "p-1", "colour": "red"}]})
    names = [row[0] for row in connection.execute("SELECT name FROM runs ORDER BY id")]
    assert names == ["p-1-01a10000-0000", "p-1"]
    connection.close()


def test_a_catalog_with_tags_is_in_order(tmp_path: Path) -> None:
    """SQLite before 3.41 says of each tag that it has no project."""
    home = Home(tmp_path)
    assert damage_of(home) == ""
    connection = open_writer(home)
    with transaction(connection) as sql:
        add_tags(sql, "p", "run", "r", ["one", "two"])
    connection.close()
    assert damage_of(home) == ""
    health = catalog_health(home, 60)
    assert health is not None
    assert health.problem == ""
    data = home.catalog_file.read_bytes()
    home.catalog_file.write_bytes(data[:5000])
    for extra in tmp_path.glob("catalog.db-*"):
        extra.unlink()
    assert damage_of(home) != ""


def test_the_newest_record_of_a_model_counts_and_what_the_catalog_knows_stays(tmp_path: Path) -> None:
    sql = open_writer(Home(tmp_path))
    sql.execute("BEGIN")
    create_model(sql, "p", "churn", {"description": "first"}, ["t"])
    model = find_model(sql, "p", "churn")
    assert model is not None
    one, two = (create_version(sql, model) for _ in range(2))
    records: list[dict[str, Any]] = []
    for version, stage in ((one, "production"), (two, "production"), (one, "staging")):
        row = sql.execute("SELECT * FROM model_versions WHERE id = ?", (version,)).fetchone()
        set_stage(sql, model, row, stage, force=True)
        record = parse_record(model_record(sql, model["id"]) or b"")
        assert record is not None
        records.append({**record, "at": str(len(records))})
    sql.execute("COMMIT")

    def stages(sql: sqlite3.Connection) -> dict[str, str]:
        return dict(map(tuple, sql.execute("SELECT id, stage FROM model_versions")))

    known = gathered(records).models
    assert len(known) == 3
    with transaction(sql):
        restore_models(sql, known[:2], known_models(sql))
    assert stages(sql) == {one: "staging", two: "production"}, "nothing that is there is changed"
    sql.close()

    lost = open_writer(Home(tmp_path / "lost"))
    with transaction(lost):
        run_made_it = [{**row, "stage": ""} for row in records[0]["model_versions"]]
        restore(lost, {"models": records[0]["models"], "model_versions": run_made_it})
        restore_models(lost, known, set())
    assert stages(lost) == {one: "staging", two: "production"}
    assert [row[0] for row in lost.execute("SELECT tag FROM tags")] == ["t"]
    lost.close()

    other = open_writer(Home(tmp_path / "other"))
    with transaction(other):
        create_model(other, "p", "churn", {}, [])
        restore_models(other, known, known_models(other))
    assert stages(other) == {}, "the project has another model of that name"
    other.close()
