"""Questions about models and their versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from stackyard.model.errors import ModelNotFoundError
from stackyard.model.model_views import ModelArtifactView, ModelRunView, ModelVersionView, ModelView
from stackyard.model.options import ModelSpec
from stackyard.model.views import Page
from stackyard.storage.catalog import models
from stackyard.storage.catalog.queries import Queries, cursor_of, wanted_condition
from stackyard.storage.catalog.sql import check_id_cursor, decode_cursor, marks

# S608 below: statements are put together from our own constants; values are always bound.
_COLUMNS = (
    "m.*, (SELECT COUNT(*) FROM model_versions v WHERE v.model_id = m.id) AS n_versions, "
    "(SELECT COALESCE(MAX(number), 0) FROM model_versions v WHERE v.model_id = m.id) AS latest_version"
)
_VERSION_COLUMNS = (
    "v.*, m.name AS model, m.project_id AS project_id, "
    "(SELECT COUNT(*) FROM model_version_artifacts l WHERE l.model_version_id = v.id) AS n_artifacts, "
    "(SELECT COUNT(*) FROM model_version_runs l WHERE l.model_version_id = v.id) AS n_runs"
)
_VERSION_FROM = "model_versions v JOIN models m ON m.id = v.model_id"


class ModelQueries(Queries):
    """Models, model versions, and what is linked to them."""

    def list_models(
        self, project_id: str | None, *, limit: int, cursor: str | None, tags: Sequence[str] = (), name: str = ""
    ) -> Page[ModelView]:
        """Return a page of models by name; ``project_id`` None means all projects, ``name`` a part of it."""
        where, values = wanted_condition("model", "m.id", tags, "m.name", name)
        if project_id is not None:
            where.append("m.project_id = ?")
            values.append(project_id)
        condition = " AND ".join(where or ["1"])
        total = self._sql.execute(f"SELECT COUNT(*) FROM models m WHERE {condition}", values).fetchone()[0]  # noqa: S608
        if cursor:
            condition += " AND (m.name, m.id) > (?, ?)"
            values += decode_cursor(cursor, 2)
        rows = self._sql.execute(
            f"SELECT {_COLUMNS} FROM models m WHERE {condition} ORDER BY m.name, m.id LIMIT ?",  # noqa: S608
            [*values, limit + 1],
        ).fetchall()
        items = self._models(rows[:limit])
        after = cursor_of(items[-1].name, items[-1].id) if len(rows) > limit else None
        return Page[ModelView](items=items, total=total, next=after)

    def find_model(self, project_id: str, name_or_id: str) -> ModelView | None:
        """Return a model by name, id or the beginning of an id.

        Raises:
            UsageError: the beginning of several ids.
        """
        row = models.find_model(self._sql, project_id, name_or_id)
        if row is None:
            return None
        full = self._sql.execute(f"SELECT {_COLUMNS} FROM models m WHERE m.id = ?", (row["id"],)).fetchall()  # noqa: S608
        return self._models(full)[0]

    def require_usable(self, project_id: str, spec: ModelSpec) -> None:
        """Insist that a run can work on what its code names: the version is there, or can be made.

        Raises:
            ModelNotFoundError: no version of that number or in that stage.
            InvalidNameError: model or version can't be called so.
            UsageError: the beginning of several ids.
        """
        model = models.find_model(self._sql, project_id, spec.name)
        if model is None:
            models.check_new(spec, models.model_names(self._sql, project_id))
        elif spec.version is not None and models.find_model_version(self._sql, model["id"], spec.version) is None:
            if models.is_reference(spec.version):
                raise models.no_version(self._sql, model, spec.version)
            models.check_version_name(str(spec.version))

    def model_names(self, project_id: str) -> list[str]:
        """Return the names of the project's models."""
        return models.model_names(self._sql, project_id)

    def list_model_versions(
        self, project_id: str | None, *, limit: int, cursor: str | None, model_id: str = "",
        tags: Sequence[str] = (), stage: str = "", name: str = "", number: int | None = None,
    ) -> Page[ModelVersionView]:  # fmt: skip
        """Return a page of model versions, newest first.

        Args:
            project_id: whose; None: of all projects.
            limit: versions at most.
            cursor: of the page.
            model_id: only versions of this model.
            tags: only versions that have all of these.
            stage: only versions in this stage; ``latest``: only the newest of each model.
            name: only versions whose own names contain this.
            number: only versions with this number.
        """
        where, values = wanted_condition("model_version", "v.id", tags, "v.name", name)
        for condition, value in (
            ("m.project_id = ?", project_id), ("v.model_id = ?", model_id or None), ("v.number = ?", number),
        ):  # fmt: skip
            if value is not None:
                where.append(condition)
                values.append(value)
        if stage == models.LATEST:
            where.append("v.number = (SELECT MAX(number) FROM model_versions n WHERE n.model_id = v.model_id)")
        elif stage:
            where.append("v.stage = ?")
            values.append("" if stage == models.NO_STAGE else stage)
        condition = " AND ".join(where or ["1"])
        total = self._sql.execute(
            f"SELECT COUNT(*) FROM {_VERSION_FROM} WHERE {condition}",  # noqa: S608
            values,
        ).fetchone()[0]
        if cursor:
            condition += " AND (v.created_at, v.number, v.id) < (?, ?, ?)"
            values += decode_cursor(cursor, 3)
        rows = self._sql.execute(
            f"SELECT {_VERSION_COLUMNS} FROM {_VERSION_FROM} WHERE {condition} "  # noqa: S608
            "ORDER BY v.created_at DESC, v.number DESC, v.id DESC LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = self._model_versions(rows[:limit])
        last = items[-1] if len(rows) > limit else None
        after = cursor_of(last.created_at, last.number, last.id) if last else None
        return Page[ModelVersionView](items=items, total=total, next=after)

    def find_model_version(self, model_id: str, wanted: str | int) -> ModelVersionView | None:
        """Return a version by number, name, stage, ``latest``, or the beginning of its id.

        Raises:
            UsageError: the beginning of several ids.
        """
        row = models.find_model_version(self._sql, model_id, wanted)
        return self.model_version(row["id"]) if row else None

    def no_model_version(self, model_id: str, wanted: str | int) -> ModelNotFoundError:
        """Return the error for a version that :meth:`find_model_version` did not find."""
        model = self._sql.execute("SELECT * FROM models WHERE id = ?", (model_id,)).fetchone()
        return models.no_version(self._sql, model, wanted)

    def model_version(self, version_id: str) -> ModelVersionView | None:
        """Return a version by its id."""
        rows = self._sql.execute(
            f"SELECT {_VERSION_COLUMNS} FROM {_VERSION_FROM} WHERE v.id = ?",  # noqa: S608
            (version_id,),
        ).fetchall()
        return self._model_versions(rows)[0] if rows else None

    def model_versions_by_id(self, prefix: str) -> list[ModelVersionView]:
        """Return the versions of any model whose ids begin so; at most ten."""
        rows = self._sql.execute(
            f"SELECT {_VERSION_COLUMNS} FROM {_VERSION_FROM} WHERE v.id >= ? AND v.id < ? LIMIT 10",  # noqa: S608
            (prefix, prefix + "g"),
        ).fetchall()
        return self._model_versions(rows)

    def model_artifacts(
        self, model_version_id: str, *, limit: int, cursor: str | None, artifact_type: str | None = None
    ) -> Page[ModelArtifactView]:
        """Return a page of the artifact versions of a model version, newest first.

        Args:
            model_version_id: which.
            limit: artifact versions at most.
            cursor: of the page.
            artifact_type: only ``model``, ``data`` or ``deployment``; those without a type count as ``data``.
        """
        where, values = ["l.model_version_id = ?"], [model_version_id, *list[Any]()]
        if artifact_type is not None:
            where.append("(CASE WHEN l.artifact_type = '' THEN 'data' ELSE l.artifact_type END) = ?")
            values.append(artifact_type)
        condition = " AND ".join(where)
        counting = f"SELECT COUNT(*) FROM model_version_artifacts l WHERE {condition}"  # noqa: S608
        total = self._sql.execute(counting, values).fetchone()[0]
        if cursor:
            condition += " AND l.artifact_version_id < ?"
            values.append(check_id_cursor(cursor))
        rows = self._sql.execute(
            "SELECT l.artifact_version_id, l.artifact_type, a.name AS artifact_name, v.version, v.type, v.run_id, "  # noqa: S608
            "COALESCE(s.name, '') AS step FROM model_version_artifacts l "
            "JOIN artifact_versions v ON v.id = l.artifact_version_id JOIN artifacts a ON a.id = v.artifact_id "
            f"LEFT JOIN step_runs s ON s.id = v.step_run_id WHERE {condition} "
            "ORDER BY l.artifact_version_id DESC LIMIT ?",
            [*values, limit + 1],
        ).fetchall()
        items = [ModelArtifactView(**dict(row)) for row in rows[:limit]]
        after = items[-1].artifact_version_id if len(rows) > limit else None
        return Page[ModelArtifactView](items=items, total=total, next=after)

    def model_runs(self, model_version_id: str, *, limit: int, cursor: str | None) -> Page[ModelRunView]:
        """Return a page of the runs that worked on a model version, newest first."""
        total = self._sql.execute(
            "SELECT COUNT(*) FROM model_version_runs WHERE model_version_id = ?", (model_version_id,)
        ).fetchone()[0]
        rows = self._sql.execute(
            "SELECT r.id AS run_id, r.name, r.status, r.created_at FROM model_version_runs l "
            "JOIN runs r ON r.id = l.run_id WHERE l.model_version_id = ? AND (? IS NULL OR l.run_id < ?) "
            "ORDER BY l.run_id DESC LIMIT ?",
            (model_version_id, cursor, cursor, limit + 1),
        ).fetchall()
        items = [
            ModelRunView(**{**dict(row), "status": self._run_status(row["run_id"], row["status"])})
            for row in rows[:limit]
        ]
        return Page[ModelRunView](items=items, total=total, next=items[-1].run_id if len(rows) > limit else None)

    def _models(self, rows: Sequence[sqlite3.Row]) -> list[ModelView]:
        ids = [row["id"] for row in rows]
        tags = self._tags_of("model", ids)
        stages: dict[str, dict[str, int]] = {}
        held = self._sql.execute(
            "SELECT model_id, stage, number FROM model_versions WHERE stage IN ('staging', 'production') "  # noqa: S608
            f"AND model_id IN ({marks(ids)}) ORDER BY stage DESC",
            ids,
        )
        for model_id, stage, number in held:
            stages.setdefault(model_id, {})[stage] = number
        return [
            ModelView(
                id=row["id"], name=row["name"], project_id=row["project_id"],
                **{text: row[text] for text in models.TEXTS}, tags=tags.get(row["id"], []),
                metadata=json.loads(row["metadata"]), created_at=row["created_at"], n_versions=row["n_versions"],
                latest_version=row["latest_version"], stages=stages.get(row["id"], {}),
            )
            for row in rows
        ]  # fmt: skip

    def _model_versions(self, rows: Sequence[sqlite3.Row]) -> list[ModelVersionView]:
        tags = self._tags_of("model_version", [row["id"] for row in rows])
        return [
            ModelVersionView(
                id=row["id"], model=row["model"], model_id=row["model_id"], project_id=row["project_id"],
                number=row["number"], name=row["name"], stage=row["stage"], description=row["description"],
                tags=tags.get(row["id"], []), metadata=json.loads(row["metadata"]), created_at=row["created_at"],
                n_artifacts=row["n_artifacts"], n_runs=row["n_runs"],
            )
            for row in rows
        ]  # fmt: skip
