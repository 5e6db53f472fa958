"""Bringing artifact versions into the catalog that lie in stores, with the numbers and runs that they had."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stackyard.model.artifact import Manifest
from stackyard.model.enums import Status
from stackyard.storage.catalog.health import damage_of
from stackyard.storage.catalog.records import artifact_row, insert_missing, put_version, restore
from stackyard.storage.catalog.sql import changed
from stackyard.storage.catalog.tags import add_tags
from stackyard.storage.home import Home
from stackyard.storage.ids import now

_NO_SIGNS = str.maketrans("", "", "-:.")


class Found(NamedTuple):
    """A version that lies in a store and is not in the catalog."""

    manifest: Manifest
    uri: str
    """Where it lies now."""
    project_id: str


class Known(NamedTuple):
    """What the records of a store say."""

    runs: dict[str, dict[str, Any]]
    """Run to its record."""
    versions: dict[str, dict[str, Any]]
    """Version to its row when the record was written."""
    tags: dict[str, list[tuple[str, str]]]
    """Id of a thing to its kind and tags."""
    artifacts: dict[tuple[str, str], dict[str, Any]]
    """Project and name to the artifact's last number and its tags, from the newest record that has it."""
    models: list[dict[str, Any]]
    """Records of models."""


def gathered(records: Iterable[dict[str, Any]]) -> Known:
    """Return what records say."""
    known = Known({}, {}, {}, {}, [])
    for record in sorted(records, key=lambda r: str(r.get("at", ""))):
        if record.get("models") and not (record.get("runs") or record.get("artifact_versions")):
            known.models.append(record)
            continue
        for run in record.get("runs", ()):
            known.runs[run["id"]] = record
        for row in record.get("artifact_versions", ()):
            known.versions[row["id"]] = row
            known.tags.pop(row["id"], None)
        for kind, thing, tag in record.get("tags", ()):
            known.tags.setdefault(thing, []).append((kind, tag))
        for row in record.get("artifacts", ()):
            before = known.artifacts.get((row["project_id"], row["name"]), {})
            last = max(row["last_version"], before.get("last_version", 0))
            known.artifacts[row["project_id"], row["name"]] = {**row, "last_version": last}
    return known


def numbered(ids: Sequence[str], wanted: Mapping[str, int], taken: Iterable[int] = (), last: int = 0) -> dict[str, int]:
    """Return a number for each version of one artifact.

    Args:
        ids: the versions, oldest first.
        wanted: the numbers that some of them had.
        taken: numbers that other versions have.
        last: the largest number that is known to have been given.

    Returns:
        The number that a version had where that is free; for others a free one between those of its neighbours, as it
        must have had it, else the next ones.
    """
    used = set(taken)
    found: dict[str, int] = {}
    for version_id in ids:
        number = wanted.get(version_id)
        if number is not None and number not in used:
            found[version_id] = number
            used.add(number)
    following = 0
    ahead: dict[str, int] = {}
    for version_id in reversed(ids):
        ahead[version_id] = following
        following = found.get(version_id, following)
    before = 0
    highest = max([last, *used], default=last)
    for version_id in ids:
        if version_id not in found:
            number = before + 1
            while number in used:
                number += 1
            if not ahead[version_id] or number > ahead[version_id]:
                # Nobody knows: after all that were ever given, unless none was.
                number = highest + 1
            found[version_id] = number
            used.add(number)
            highest = max(highest, number)
        before = found[version_id]
    return found


def restore_runs(sql: sqlite3.Connection, known: Known, run_ids: Iterable[str]) -> None:
    """Put runs back, in a transaction, with their steps, inputs, outputs and tags."""
    for run_id in run_ids:
        record = known.runs[run_id]
        restore(sql, record)
        project_id = record["runs"][0]["project_id"]
        for thing in (run_id, *(step["id"] for step in record.get("step_runs", ()))):
            for kind, tag in known.tags.get(thing, ()):
                add_tags(sql, project_id, kind, thing, [tag])
        changed(sql, "run", run_id)


def add_versions(
    sql: sqlite3.Connection, found: Sequence[Found], numbers: Mapping[str, int], known: Known, *, store_id: str,
    store: str,
) -> None:  # fmt: skip
    """Add versions, in a transaction, with runs as far as their manifests tell where no record does."""
    for version in found:
        manifest, before = version.manifest, known.versions.get(version.manifest.id, {})
        row = {
            "id": manifest.id, "version": numbers[manifest.id], "type": manifest.type,
            "materializer": manifest.materializer, "data_format": manifest.data_format, "digest": manifest.digest,
            "size_bytes": manifest.size_bytes,
            "shape": json.dumps(manifest.shape) if manifest.shape is not None else None,
            "unsafe": int(manifest.unsafe), "deterministic": int(manifest.deterministic), "uri": version.uri,
            "artifact_store_id": store_id, "artifact_store": store, "run_id": manifest.run_id,
            "step_run_id": before.get("step_run_id", manifest.step_run_id), "created_at": manifest.created_at,
            "metadata": before.get("metadata", json.dumps(manifest.metadata)),
            "save_type": before.get("save_type", manifest.save_type),
        }  # fmt: skip
        put_version(sql, row, version.project_id, manifest.artifact_name)
        for kind, tag in known.tags.get(manifest.id, ()):
            add_tags(sql, version.project_id, kind, manifest.id, [tag])
        if manifest.run_id and manifest.step_run_id:
            _add_stub(sql, version, store_id, store)
    changed(sql, "artifact", store_id)


def add_lost(sql: sqlite3.Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add the rows of versions without files that runs list, in a transaction, so that the runs can be looked at."""
    for row in rows:
        number, project_id, name = row["version"], row["project_id"], row["artifact_name"]
        artifact_id = artifact_row(sql, project_id, name)
        held = sql.execute(
            "SELECT 1 FROM artifact_versions WHERE artifact_id = ? AND version = ?", (artifact_id, number)
        ).fetchone()
        if held is None:
            put_version(sql, {**row, "pruned": "pruned"}, project_id, name)


def finish_artifacts(sql: sqlite3.Connection, known: Known, names: Iterable[tuple[str, str]]) -> None:
    """Give artifacts that came back their tags, and the number that no version may have again, in a transaction."""
    for project_id, name in names:
        row = known.artifacts.get((project_id, name))
        if row is None:
            continue
        artifact_id = artifact_row(sql, project_id, name)
        sql.execute(
            "UPDATE artifacts SET last_version = MAX(last_version, ?) WHERE id = ?", (row["last_version"], artifact_id)
        )
        add_tags(sql, project_id, "artifact", str(artifact_id), row.get("tags", ()))


def move_damaged(home: Home) -> str:
    """Move a catalog that SQLite can't read out of the way; return where it is now, empty when it is in order.

    The caller made sure that no run goes on, and holds the catalog's lock.
    """
    if not home.catalog_file.exists() or not damage_of(home):
        return ""
    target = home.root / f"catalog.damaged-{now().translate(_NO_SIGNS)}.db"
    for suffix in ("-wal", "-shm", ""):
        part = Path(f"{home.catalog_file}{suffix}")
        if part.exists():
            part.replace(f"{target}{suffix}")
    return str(target)


def _add_stub(sql: sqlite3.Connection, version: Found, store_id: str, store: str) -> None:
    """Add what a manifest tells of its run and step, unless they are there."""
    manifest = version.manifest
    if sql.execute("SELECT 1 FROM step_runs WHERE id = ?", (manifest.step_run_id,)).fetchone() is None:
        _add_stub_run(sql, version, store_id, store)
        position = sql.execute("SELECT COUNT(*) FROM step_runs WHERE run_id = ?", (manifest.run_id,)).fetchone()[0]
        step = {
            "id": manifest.step_run_id, "run_id": manifest.run_id, "name": manifest.step_name or "step",
            "position": position, "status": Status.COMPLETED.value, "started_at": manifest.created_at,
            "ended_at": manifest.created_at, "artifact_store_id": store_id, "project_id": version.project_id,
            "pipeline": manifest.pipeline_name,
        }  # fmt: skip
        insert_missing(sql, "step_runs", [step])
    row = {"step_run_id": manifest.step_run_id, "artifact_version_id": manifest.id}
    if manifest.output_name and manifest.save_type == "step_output":
        count = sql.execute("SELECT COUNT(*) FROM step_outputs WHERE step_run_id = ?", (manifest.step_run_id,))
        output = {**row, "name": manifest.output_name, "position": count.fetchone()[0]}
        insert_missing(sql, "step_outputs", [output])
    inputs = [
        {"step_run_id": manifest.step_run_id, "name": name, "artifact_version_id": taken}
        for name, taken in manifest.inputs.items()
    ]
    insert_missing(sql, "step_inputs", inputs)


def _add_stub_run(sql: sqlite3.Connection, version: Found, store_id: str, store: str) -> None:
    manifest = version.manifest
    if sql.execute("SELECT 1 FROM runs WHERE id = ?", (manifest.run_id,)).fetchone() is not None:
        return
    pipeline = manifest.pipeline_name or "unknown"
    name = manifest.run_name or f"{pipeline}-{manifest.run_id[:13]}"
    number = sql.execute(
        "SELECT COALESCE(MAX(number), 0) + 1 FROM runs WHERE project_id = ? AND pipeline = ?",
        (version.project_id, pipeline),
    ).fetchone()[0]
    run = {
        "id": manifest.run_id, "name": name, "number": number, "pipeline": pipeline, "project_id": version.project_id,
        "status": Status.INTERRUPTED.value, "stack": "", "stack_id": "", "stack_origin": "", "orchestrator": "",
        "artifact_store": store, "artifact_store_id": store_id, "created_at": manifest.created_at,
        "started_at": manifest.created_at, "ended_at": manifest.created_at,
    }  # fmt: skip
    restore(sql, {"runs": [run]})
    changed(sql, "run", manifest.run_id)
