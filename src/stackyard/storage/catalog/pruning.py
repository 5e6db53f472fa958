"""Which artifact versions may go, and how they go: announced, then without files, then without a row.

A version is marked first (``pruning``): from then on nothing takes it for there. Then its files go, then its row, or
the row is marked (``pruned``) where runs list it. Whoever is killed in between leaves marked rows, and the next prune
goes on with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from stackyard.storage.catalog.runs import UNFINISHED_SQL
from stackyard.storage.catalog.sql import changed, marks
from stackyard.storage.catalog.stored import COLUMNS, StoredVersion, Wanted
from stackyard.storage.catalog.tags import forget_tags

KEEP_TAG = "keep"
Reason = Literal["", "model", "tag", "running", "run"]
# S608 below: statements are put together from our own constants; values are always bound.
_USES = (
    "SELECT step_run_id FROM step_inputs WHERE artifact_version_id = v.id "
    "UNION ALL SELECT step_run_id FROM step_outputs WHERE artifact_version_id = v.id"
)
_LISTED = (
    "EXISTS (SELECT 1 FROM step_inputs WHERE artifact_version_id = v.id) "
    "OR EXISTS (SELECT 1 FROM step_outputs WHERE artifact_version_id = v.id)"
)
_TAGGED = "SELECT entity_id FROM tags WHERE tag = 'keep' AND entity"
_UNFINISHED = f"SELECT id FROM runs WHERE status IN {UNFINISHED_SQL}"  # noqa: S608
_JUDGEMENT = (
    f"{COLUMNS}, v.created_at, v.pruned, ({_LISTED}) AS listed, CASE "  # noqa: S608
    "WHEN EXISTS (SELECT 1 FROM model_version_artifacts m WHERE m.artifact_version_id = v.id) THEN 'model' "
    f"WHEN v.id IN ({_TAGGED} = 'artifact_version') OR CAST(a.id AS TEXT) IN ({_TAGGED} = 'artifact') "
    f"OR v.run_id IN ({_TAGGED} = 'run') OR EXISTS (SELECT 1 FROM step_runs s WHERE s.id IN ({_USES}) "
    f"AND s.run_id IN ({_TAGGED} = 'run')) THEN 'tag' "
    f"WHEN v.run_id IN ({_UNFINISHED}) OR EXISTS (SELECT 1 FROM step_runs s WHERE s.id IN ({_USES}) "
    f"AND s.run_id IN ({_UNFINISHED})) THEN 'running' ELSE '' END AS reason"
)
_FROM = "artifact_versions v JOIN artifacts a ON a.id = v.artifact_id"


class Criteria(NamedTuple):
    """Which versions are to go: those that all of this says."""

    wanted: Wanted = Wanted()
    before: str = ""
    """Only versions made before this moment."""
    keep: int | None = None
    """Not the newest so many of each artifact in each store; those known to be damaged do not count."""
    from_runs: bool = False
    """Also versions that runs list."""


class Judged(NamedTuple):
    """A version that the criteria name."""

    version: StoredVersion
    created_at: str
    going: bool
    """An earlier prune announced it and was killed."""
    listed: bool
    """Runs list it."""
    reason: Reason
    """Why it stays: a model version has it; a tag ``keep``; a run that goes on; a run. Empty: it goes."""


def judge(sql: sqlite3.Connection, criteria: Criteria, ids: Sequence[str] | None = None) -> Iterator[Judged]:
    """Yield the versions that the criteria name, oldest first, with why they stay; and those that are going already.

    Args:
        sql: open.
        criteria: which.
        ids: only these.
    """
    condition, values = criteria.wanted.condition()
    if criteria.before:
        condition += " AND v.created_at < ?"
        values.append(criteria.before)
    if criteria.keep:
        condition += (
            " AND v.version < (SELECT n.version FROM artifact_versions n WHERE n.artifact_id = v.artifact_id "
            "AND n.artifact_store_id = v.artifact_store_id AND n.pruned = '' AND n.damage = '' "
            "ORDER BY n.version DESC LIMIT 1 OFFSET ?)"
        )
        values.append(criteria.keep - 1)
    chosen = f"(v.pruned = '' AND {condition}) OR v.pruned = 'pruning'"
    if ids is not None:
        chosen = f"v.id IN ({marks(ids)}) AND ({chosen})"
        values = [*ids, *values]
    for row in sql.execute(f"SELECT {_JUDGEMENT} FROM {_FROM} WHERE {chosen} ORDER BY v.id", values):  # noqa: S608
        version, (created_at, pruned, listed, reason) = StoredVersion(*row[:8]), row[8:]
        going = pruned == "pruning"
        if listed and not reason and not criteria.from_runs:
            reason = "run"
        yield Judged(version, created_at, going, bool(listed), "" if going else reason)


def announce(sql: sqlite3.Connection, criteria: Criteria, ids: Sequence[str]) -> list[StoredVersion]:
    """Mark versions as going, in a transaction, unless something needs them now; return those that go."""
    going = [judged.version for judged in judge(sql, criteria, ids) if not judged.reason]
    sql.executemany("UPDATE artifact_versions SET pruned = 'pruning' WHERE id = ?", [(v.id,) for v in going])
    _tell(sql, going)
    return going


def forget(sql: sqlite3.Connection, versions: Sequence[StoredVersion]) -> None:
    """Take versions without files out of the catalog, in a transaction; what runs and models list keeps its row."""
    if not versions:
        return
    ids = [v.id for v in versions]
    rows = sql.execute(
        f"SELECT v.id FROM artifact_versions v WHERE v.id IN ({marks(ids)}) AND ({_LISTED} "  # noqa: S608
        "OR EXISTS (SELECT 1 FROM model_version_artifacts m WHERE m.artifact_version_id = v.id))",
        ids,
    )
    stay = {row[0] for row in rows}
    sql.executemany("UPDATE artifact_versions SET pruned = 'pruned' WHERE id = ?", [(i,) for i in stay])
    gone = [i for i in ids if i not in stay]
    forget_tags(sql, "artifact_version", gone)
    sql.executemany("DELETE FROM artifact_versions WHERE id = ?", [(i,) for i in gone])
    _tell(sql, versions)


def _tell(sql: sqlite3.Connection, versions: Sequence[StoredVersion]) -> None:
    for store_id in {v.artifact_store_id for v in versions}:
        changed(sql, "artifact", store_id)
