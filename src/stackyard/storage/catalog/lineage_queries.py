"""Lineage: from artifact version to step run to artifact version, by indexes, a level at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from stackyard.model.enums import Status
from stackyard.model.lineage_views import LineageEdge, LineageNode, LineageView
from stackyard.storage.catalog.queries import Queries, status_of
from stackyard.storage.catalog.sql import marks

_VERSIONS = (
    "SELECT v.id, v.version, v.type, v.step_run_id, v.save_type, v.pruned <> '' AS pruned, a.name, "
    "(SELECT COUNT(*) FROM step_outputs o WHERE o.artifact_version_id = v.id AND o.step_run_id <> v.step_run_id) "
    "AS n_reused FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id WHERE v.id IN ({})"
)
_STEPS = (
    "SELECT s.id, s.name, s.status, s.run_id, r.name AS run, r.pipeline, r.status AS run_status FROM step_runs s "
    "JOIN runs r ON r.id = s.run_id WHERE s.id IN ({})"
)
_MODELS = (
    "SELECT v.id, v.number, v.stage, m.name FROM model_versions v JOIN models m ON m.id = v.model_id WHERE v.id IN ({})"
)
_MADE_BY = (
    "SELECT v.step_run_id, v.id, v.save_type, COALESCE(o.name, '') AS output FROM artifact_versions v "
    "LEFT JOIN step_outputs o ON o.step_run_id = v.step_run_id AND o.artifact_version_id = v.id "
    "WHERE v.id IN ({}) AND v.step_run_id <> ''"
)
_TAKEN_BY = "SELECT artifact_version_id, step_run_id, name FROM step_inputs WHERE step_run_id IN ({}) ORDER BY name"
_GIVEN_BY = (
    "SELECT o.artifact_version_id, o.step_run_id, o.name, v.step_run_id = o.step_run_id AS made FROM step_outputs o "
    "JOIN artifact_versions v ON v.id = o.artifact_version_id WHERE o.step_run_id IN ({}) ORDER BY o.position"
)
_SAVED_BY = (
    "SELECT v.id, v.step_run_id FROM artifact_versions v WHERE v.step_run_id IN ({}) AND v.save_type <> 'step_output' "
    "ORDER BY v.id"
)
_IN_MODELS = (
    "SELECT model_version_id, artifact_version_id FROM model_version_artifacts WHERE artifact_version_id IN ({}) "
    "ORDER BY model_version_id"
)
_USES = "SELECT step_run_id, name FROM step_inputs WHERE artifact_version_id = ? ORDER BY step_run_id DESC LIMIT ?"
_N_USES = "SELECT COUNT(*) FROM (SELECT DISTINCT step_run_id FROM step_inputs WHERE artifact_version_id = ?)"
_Neighbour = tuple[str, LineageEdge]
"""Id of what an edge leads to, looked at from where the walk is."""


class LineageQueries(Queries):
    """Where artifact versions come from, and what came of them."""

    def lineage(self, version_id: str, *, up: bool, down: bool, depth: int, limit: int) -> LineageView:
        """Return the graph around an artifact version.

        Args:
            version_id: of a version that is there.
            up: what it comes from.
            down: what came of it.
            depth: steps at most, in each direction.
            limit: nodes at most, in each direction; of many step runs that use a version the newest.
        """
        walk = _Walk(self._sql, version_id, self._run_status)
        view = LineageView(id=version_id)
        if up:
            view.n_more_up = walk.go(-1, depth, limit)
        if down:
            view.n_more_down = walk.go(1, depth, limit)
        view.nodes, view.edges = list(walk.nodes.values()), list(walk.edges)
        return view


class _Walk:
    """Goes through the graph, breadth first; what it met is not looked at again."""

    def __init__(self, sql: sqlite3.Connection, version_id: str, run_status: Callable[[str, str], Status]) -> None:
        self.nodes: dict[str, LineageNode] = {}
        self.edges: list[LineageEdge] = []
        self._sql = sql
        self._run_status = run_status
        self._start = version_id
        self._known: set[tuple[str, str, str, str]] = set()
        self._room = 1
        self._left_out: set[str] = set()
        self._add([], self._versions, 0, also=[version_id])

    def go(self, direction: Literal[-1, 1], depth: int, limit: int) -> int:
        """Add what lies in a direction; return how many neighbours of it were left out."""
        self._room, self._left_out = limit, set()
        level, frontier, uncounted = 0, [self._start], 0
        while frontier:
            level += direction
            if abs(level) > depth:
                self._room = 0
            if direction < 0:
                steps = self._add(self._made_by(frontier), self._steps, level)
                frontier = self._add(self._taken_by(steps), self._versions, level)
            else:
                # What belongs to a model version does so at the version's own level.
                self._add(self._in_models(frontier), self._models, level - 1)
                uses, more = self._used_by(frontier)
                uncounted += more
                steps = self._add(uses, self._steps, level)
                frontier = self._add(self._given_by(steps), self._versions, level)
        return len(self._left_out - self.nodes.keys()) + uncounted

    def _add(
        self, found: Sequence[_Neighbour], read: Callable[[Sequence[str], int], Iterator[LineageNode]], level: int,
        *, also: Sequence[str] = (),
    ) -> list[str]:  # fmt: skip
        """Add neighbours as far as there is room, and the edges between what is there; return the new ones."""
        new = list(dict.fromkeys([*also, *(id_ for id_, _ in found if id_ not in self.nodes)]))
        there = {node.id: node for node in read(new[: self._room], level)}
        taken = [id_ for id_ in new if id_ in there]
        self.nodes.update((id_, there[id_]) for id_ in taken)
        self._left_out.update(new[self._room :])
        self._room -= len(taken)
        for _, edge in found:
            key = (edge.source, edge.target, edge.kind, edge.name)
            if edge.source in self.nodes and edge.target in self.nodes and key not in self._known:
                self._known.add(key)
                self.edges.append(edge)
        return taken

    def _made_by(self, versions: Sequence[str]) -> list[_Neighbour]:
        found = []
        for step, version, save_type, output in self._rows(_MADE_BY, versions):
            kind: Literal["output", "saved"] = "output" if save_type == "step_output" else "saved"
            found.append((step, LineageEdge(source=step, target=version, kind=kind, name=output)))
        return found

    def _taken_by(self, steps: Sequence[str]) -> list[_Neighbour]:
        return [
            (version, LineageEdge(source=version, target=step, kind="input", name=name))
            for version, step, name in self._rows(_TAKEN_BY, steps)
        ]

    def _used_by(self, versions: Sequence[str]) -> tuple[list[_Neighbour], int]:
        """Return the step runs that take versions, of each at most as many as there is room for, and how many more."""
        found: list[_Neighbour] = []
        more = 0
        for version in versions:
            rows = self._sql.execute(_USES, (version, self._room + 1)).fetchall()
            if len(rows) > self._room:
                rows = rows[: self._room]
                more += self._sql.execute(_N_USES, (version,)).fetchone()[0] - len({row[0] for row in rows})
            found += [(row[0], LineageEdge(source=version, target=row[0], kind="input", name=row[1])) for row in rows]
        return found, more

    def _given_by(self, steps: Sequence[str]) -> list[_Neighbour]:
        found: list[_Neighbour] = []
        for version, step, name, made in self._rows(_GIVEN_BY, steps):
            kind: Literal["output", "reused"] = "output" if made else "reused"
            found.append((version, LineageEdge(source=step, target=version, kind=kind, name=name)))
        for version, step in self._rows(_SAVED_BY, steps):
            found.append((version, LineageEdge(source=step, target=version, kind="saved")))
        return found

    def _in_models(self, versions: Sequence[str]) -> list[_Neighbour]:
        return [
            (model, LineageEdge(source=version, target=model, kind="model"))
            for model, version in self._rows(_IN_MODELS, versions)
        ]

    def _versions(self, ids: Sequence[str], level: int) -> Iterator[LineageNode]:
        for row in self._rows(_VERSIONS, ids):
            yield LineageNode(
                id=row["id"], kind="artifact_version", name=row["name"], level=level, version=row["version"],
                type=row["type"], n_reused=row["n_reused"], pruned=bool(row["pruned"]),
            )  # fmt: skip

    def _steps(self, ids: Sequence[str], level: int) -> Iterator[LineageNode]:
        for row in self._rows(_STEPS, ids):
            status = status_of(row["status"])
            if not status.is_finished and self._run_status(row["run_id"], row["run_status"]) is Status.INTERRUPTED:
                status = Status.SKIPPED if status is Status.QUEUED else Status.INTERRUPTED
            yield LineageNode(
                id=row["id"], kind="step_run", name=row["name"], level=level, status=status, run_id=row["run_id"],
                run=row["run"], pipeline=row["pipeline"],
            )  # fmt: skip

    def _models(self, ids: Sequence[str], level: int) -> Iterator[LineageNode]:
        for row in self._rows(_MODELS, ids):
            yield LineageNode(
                id=row["id"], kind="model_version", name=row["name"], level=level, version=row["number"],
                stage=row["stage"],
            )  # fmt: skip

    def _rows(self, statement: str, ids: Sequence[str]) -> Iterator[sqlite3.Row]:
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            yield from self._sql.execute(statement.format(marks(some)), some)
