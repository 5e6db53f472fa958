"""What nothing uses is found by a mark; whatever happens to a version, the mark never hides it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from stackyard.model.enums import Status
from stackyard.model.options import ModelSpec
from stackyard.storage.catalog import models
from stackyard.storage.catalog.connection import open_writer, writing
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.runs import delete_run
from stackyard.storage.catalog.schema import MIGRATIONS, VERSION
from stackyard.storage.catalog.versions import mark_used
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start


def unused(catalog: CatalogReader) -> set[str]:
    page = catalog.search_versions(PROJECT.id, limit=50, cursor=None, only_unused=True)
    assert page.total == len(page.items)
    return {version.id for version in page.items}


def test_what_nothing_uses_is_found_whatever_happened(home: Path) -> None:
    own = Home(home)
    writer = RunWriter(own, PROJECT)
    catalog = open_catalog(own)
    saved, first, second, third = (manifest(name) for name in ("saved", "first", "second", "third"))
    run, other = new_run(), new_run()
    step, last = rows = [NewStepRun(new_id(), name, n, {}, []) for n, name in enumerate(("step", "last"))]
    writer.create_run(run)
    writer.record_artifact(saved, save_type="external")
    assert unused(catalog) == {saved.id}
    writer.add_steps(rows)
    start(writer, step.id, inputs={"x": saved.id})
    assert unused(catalog) == set(), "a step takes it"
    writer.step_completed(step.id, [("output", first)], {})
    start(writer, last.id, inputs={"x": saved.id})
    start(writer, last.id, inputs={"x": first.id}, attempt=2)
    writer.step_cached(
        last.id, inputs={"x": first.id}, outputs={"output": first.id}, cache_key="", parts=None, source_run_id="",
        metadata={},
    )  # fmt: skip
    start(writer, last.id, inputs={"x": first.id})
    writer.step_completed(last.id, [("output", second)], {})
    assert unused(catalog) == set()
    writer.set_run(Status.FAILED)

    reader, giver = rows = [NewStepRun(new_id(), name, n, {}, []) for n, name in enumerate(("reader", "giver"))]
    writer.create_run(other)
    writer.add_steps(rows)
    start(writer, reader.id, inputs={"x": second.id})
    writer.step_ended(reader.id, Status.FAILED)
    writer.step_cached(
        giver.id, inputs={}, outputs={"output": first.id}, cache_key="", parts=None, source_run_id="", metadata={}
    )
    with writing(own) as sql:
        delete_run(sql, run.id)
    assert unused(catalog) == {saved.id}, "the other run has the others"
    writer.reopen_run(other.id)
    assert unused(catalog) == {saved.id, second.id}, "the step that failed will say anew what it takes"
    start(writer, giver.id)
    writer.step_completed(giver.id, [("output", third)], {})
    assert unused(catalog) == {saved.id, first.id, second.id}, "another output took its place"

    ref = writer.resolve_model(ModelSpec(name="churn"))
    with writing(own) as sql:
        models.link_artifacts(sql, PROJECT.id, ref.model_version_id, {saved.id: "", first.id: "data"})
    assert unused(catalog) == {second.id}
    with writing(own) as sql:
        mark_used(sql)
        marks = "SELECT COUNT(*) FROM artifact_versions WHERE maybe_unused"
        assert sql.execute(marks).fetchone()[0] == 1
        models.unlink_artifacts(sql, PROJECT.id, ref.model_version_id, [saved.id])
    assert unused(catalog) == {saved.id, second.id}
    with writing(own) as sql:
        model = models.find_model(sql, PROJECT.id, "churn")
        assert model is not None
        models.delete_model(sql, model)
    assert unused(catalog) == {saved.id, first.id, second.id}
    catalog.close()
    writer.close()


def test_a_catalog_without_the_mark_gets_it(home: Path) -> None:
    own = Home(home)
    writer = RunWriter(own, PROJECT)
    writer.create_run(new_run())
    (step,) = rows = [NewStepRun(new_id(), "step", 0, {}, [])]
    writer.add_steps(rows)
    given, saved = manifest("given"), manifest("saved")
    writer.step_completed(step.id, [("output", given)], {})
    writer.record_artifact(saved, save_type="manual")
    writer.close()
    _back_to_version_3(own)
    catalog = open_catalog(own)
    assert unused(catalog) == {saved.id}
    marked = catalog._sql.execute("SELECT id FROM artifact_versions WHERE maybe_unused = 1").fetchall()
    assert [row[0] for row in marked] == [saved.id]
    catalog.close()
    copy = sqlite3.connect(own.root / "catalog.v3.db")
    assert copy.execute("SELECT COUNT(*) FROM artifact_versions").fetchone()[0] == 2
    copy.close()


def _back_to_version_3(own: Home) -> None:
    """Write what is in the catalog into one that version 3 made."""
    connection = open_writer(own)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
    old = sqlite3.connect(own.root / "old.db")
    for number in (1, 2, 3):
        for statement in MIGRATIONS[number]:
            old.execute(statement)
    for (table,) in old.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        names = ", ".join(row[1] for row in old.execute(f"PRAGMA table_info({table})"))
        rows = [tuple(row) for row in connection.execute(f"SELECT {names} FROM {table}")]  # our tables
        old.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * (names.count(',') + 1))})", rows)
    old.execute("PRAGMA user_version=3")
    old.execute("PRAGMA journal_mode=DELETE")
    old.commit()
    old.close()
    connection.close()
    for suffix in ("-wal", "-shm", ""):
        Path(f"{own.catalog_file}{suffix}").unlink(missing_ok=True)
    (own.root / "old.db").rename(own.catalog_file)
