"""What is needed to explain why a step was reused or not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import field
from typing import Any

from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.record import Record
from stackyard.storage.catalog.queries import Queries
from stackyard.storage.catalog.sql import marks


class KeyedStep(Record):
    """A step run with what its cache key was made of."""

    id: str
    run: str
    """Name of its run."""
    parts: CacheKeyParts | None
    """None: the cache was not asked."""
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    """Input to the artifact version in words: ``raw 3``; ``raw 3[0]`` is a member of it."""


class ExplainQueries(Queries):
    """Cache keys of step runs, and the code behind them."""

    def keyed_steps(self, run_id: str) -> dict[str, tuple[KeyedStep, KeyedStep | None]]:
        """Return step name to its step run of a run, and to the earlier one that a miss was explained with."""
        rows = self._sql.execute(
            "SELECT name, id, cache_compared_id FROM step_runs WHERE run_id = ? ORDER BY position", (run_id,)
        ).fetchall()
        found = self._keyed([id_ for row in rows for id_ in (row["id"], row["cache_compared_id"]) if id_])
        return {row["name"]: (found[row["id"]], found.get(row["cache_compared_id"])) for row in rows}

    def keyed_step(self, step_run_id: str) -> KeyedStep | None:
        """Return one step run; None: it was deleted."""
        return self._keyed([step_run_id]).get(step_run_id)

    def version_words(self, ids: Iterable[str]) -> dict[str, str]:
        """Return artifact versions in words by id: ``raw 3``."""
        wanted = list(ids)
        rows = self._sql.execute(
            "SELECT v.id, a.name, v.version FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id "  # noqa: S608
            f"WHERE v.id IN ({marks(wanted)})",
            wanted,
        )
        return {row[0]: f"{row[1]} {row[2]}" for row in rows}

    def run_names(self, run_ids: Iterable[str]) -> dict[str, str]:
        """Return the names of runs by id, as far as they are there."""
        wanted = list(run_ids)
        rows = self._sql.execute(f"SELECT id, name FROM runs WHERE id IN ({marks(wanted)})", wanted)  # noqa: S608
        return {row[0]: row[1] for row in rows}

    def code_texts(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the code behind digests, as far as it is known."""
        wanted = list(digests)
        rows = self._sql.execute(f"SELECT digest, text FROM code_units WHERE digest IN ({marks(wanted)})", wanted)  # noqa: S608
        return {row[0]: row[1] for row in rows}

    def _keyed(self, ids: list[str]) -> dict[str, KeyedStep]:
        inputs: dict[str, dict[str, str]] = {}
        found: dict[str, KeyedStep] = {}
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            for row in self._sql.execute(
                "SELECT i.step_run_id, i.name, i.item, a.name AS artifact, v.version FROM step_inputs i "  # noqa: S608
                "JOIN artifact_versions v ON v.id = i.artifact_version_id JOIN artifacts a ON a.id = v.artifact_id "
                f"WHERE i.step_run_id IN ({marks(some)})",
                some,
            ):
                member = "" if row["item"] is None else f"[{row['item']}]"
                inputs.setdefault(row["step_run_id"], {})[row["name"]] = f"{row['artifact']} {row['version']}{member}"
            for row in self._sql.execute(
                "SELECT s.id, s.cache_parts, s.parameters, r.name AS run FROM step_runs s "  # noqa: S608
                f"JOIN runs r ON r.id = s.run_id WHERE s.id IN ({marks(some)})",
                some,
            ):
                parts = CacheKeyParts.model_validate_json(row["cache_parts"]) if row["cache_parts"] else None
                found[row["id"]] = KeyedStep(
                    row["id"], row["run"], parts, json.loads(row["parameters"]), inputs.get(row["id"], {})
                )
        return found
