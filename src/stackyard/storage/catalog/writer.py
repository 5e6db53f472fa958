"""What a driver writes: its run, its step runs, their artifact versions. One short transaction a happening."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason, Status
from stackyard.model.job import StepError
from stackyard.model.options import ModelSpec, ModelVersionRef
from stackyard.storage.catalog import models, runs, versions
from stackyard.storage.catalog.connection import checkpoint, open_writer, transaction
from stackyard.storage.catalog.runs import NewRun as NewRun
from stackyard.storage.catalog.runs import NewStepRun as NewStepRun
from stackyard.storage.catalog.runs import end_unfinished_steps
from stackyard.storage.catalog.runs import mark_interrupted as mark_interrupted
from stackyard.storage.catalog.sql import changed, merge_json
from stackyard.storage.catalog.tags import add_metadata, add_tags
from stackyard.storage.home import Home
from stackyard.storage.ids import now
from stackyard.storage.projects import Project

CHANGES_KEPT = 20_000


class RunWriter:
    """The only writer of a run's rows while its driver lives."""

    def __init__(self, home: Home, project: Project) -> None:
        """Open the catalog.

        Raises:
            CatalogError: it can't be opened or written.
        """
        self._home = home
        self._project = project
        self._connection = open_writer(home)
        self.run_id = ""
        self._run: NewRun | None = None
        self._next_position = 0
        self._changed: dict[tuple[str, str], None] | None = None
        """What followers are to hear of at the end of :meth:`together`, in order; None outside of it."""

    def close(self) -> None:
        """Checkpoint when due, and close."""
        checkpoint(self._connection, self._home)
        self._connection.close()

    @property
    def run(self) -> NewRun:
        """The run that this writes: the new one, or that which was reopened."""
        assert self._run is not None  # noqa: S101  # create_run or reopen_run come first
        return self._run

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write all that is written meanwhile in one transaction; followers hear of each thing once.

        Raises:
            CatalogError: SQLite refused; nothing of it is written.
        """
        with transaction(self._connection) as sql:
            self._changed = {}
            try:
                yield
                for entity, entity_id in self._changed:
                    changed(sql, entity, entity_id)
            finally:
                self._changed = None

    def _tell(self, sql: sqlite3.Connection, entity: str, entity_id: str) -> None:
        if self._changed is None:
            changed(sql, entity, entity_id)
        else:
            self._changed[entity, entity_id] = None

    # the run ----------------------------------------------------------------------------------------------------

    def create_run(self, run: NewRun) -> str:
        """Record the run; return its name.

        Raises:
            AlreadyExistsError: the project has a run of that name.
        """
        self.run_id, self._run = run.id, run
        with transaction(self._connection) as sql:
            return runs.insert_run(sql, self._project, run)

    def reopen_run(self, run_id: str) -> dict[str, tuple[str, Status]]:
        """Go on with a run that ended: it is running again, and what it did not complete is queued.

        The caller holds the run's lock. A queued step keeps the number of its last attempt.

        Returns:
            Step to its step run's id and status (``completed``, ``cached`` or ``queued``), in topological order.

        Raises:
            RunNotFoundError: there is no such run.
        """
        with transaction(self._connection) as sql:
            self._run, steps, self._next_position = runs.reopen(self._home, sql, run_id)
        self.run_id = run_id
        return steps

    def set_run(self, status: Status, *, error: StepError | None = None) -> None:
        """Record the run's status; start and end times follow from it."""
        moment = now()
        with transaction(self._connection) as sql:
            sql.execute("UPDATE runs SET status = ? WHERE id = ?", (status.value, self.run_id))
            if status is Status.RUNNING:
                sql.execute("UPDATE runs SET started_at = ? WHERE id = ? AND started_at = ''", (moment, self.run_id))
            if status.is_finished:
                sql.execute("UPDATE runs SET ended_at = ?, pid = 0 WHERE id = ?", (moment, self.run_id))
                end_unfinished_steps(sql, self.run_id, moment)  # some are left when the driver itself failed
                sql.execute("DELETE FROM changes WHERE seq < (SELECT MAX(seq) FROM changes) - ?", (CHANGES_KEPT,))
            if error is not None:
                sql.execute("UPDATE runs SET error = ? WHERE id = ?", (error.model_dump_json(), self.run_id))
            self._tell(sql, "run", self.run_id)

    def add_run_metadata(self, metadata: dict[str, Any]) -> None:
        """Add to the run's metadata; what it has under the same names is replaced."""
        with transaction(self._connection) as sql:
            add_metadata(sql, self._project.id, "run", self.run_id, metadata)

    def resolve_model(self, spec: ModelSpec) -> ModelVersionRef:
        """Return the model version that the run works on, made if needed; the run is linked to it.

        Without a version the run has one new version, also when it is gone on with later.

        Raises:
            ModelNotFoundError: no version of that number or in that stage.
            InvalidNameError: model or version can't be called so.
        """
        with transaction(self._connection) as sql:
            return models.resolve_model(sql, self._project.id, spec, self.run_id)

    # step runs --------------------------------------------------------------------------------------------------

    def add_steps(self, steps: list[NewStepRun]) -> None:
        """Record steps of the graph as queued; positions of later calls go on after those of earlier ones."""
        with transaction(self._connection) as sql:
            self._next_position = runs.insert_steps(sql, self._project.id, self.run, steps, self._next_position)

    def step_started(
        self, step_run_id: str, *, pid: int, inputs: Mapping[str, str], cache_key: str, parts: CacheKeyParts,
        reason: MissReason, detail: str, items: Mapping[str, int] | None = None, attempt: int = 1,
        model_version_id: str = "", compared_id: str = "", texts: Mapping[str, str] | None = None, at: str = "",
    ) -> None:  # fmt: skip
        """Record that a worker executes the step, with why it was not reused.

        Args:
            step_run_id: the step run.
            pid: of the worker.
            inputs: input to artifact version id.
            cache_key: digest of the parts.
            parts: what the key was made of.
            reason: why there was no hit.
            detail: the same in words.
            items: input to the member of its value that the step takes, where it is not the whole.
            attempt: counted from 1; a later one leaves the moment when the first began.
            model_version_id: the model version that the step works on.
            compared_id: the earlier step run that the reason was found with; empty for none.
            texts: digest to the code behind it, as far as it may not be known.
            at: when it began; empty: now.
        """
        row = (
            Status.RUNNING.value, attempt, at or now(), pid, cache_key, parts.model_dump_json(), reason.value, detail,
            compared_id, attempt, model_version_id, model_version_id, step_run_id,
        )  # fmt: skip
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, started_at = CASE WHEN ? > 1 AND started_at <> '' THEN started_at "
                "ELSE ? END, pid = ?, cache_key = ?, cache_parts = ?, cache_reason = ?, cache_detail = ?, "
                "cache_compared_id = ?, attempt = ?, "
                # A run that is gone on with may have reused it before.
                "ended_at = '', cache_hit = 0, cache_source_run_id = '', "
                "model_version_id = CASE WHEN ? = '' THEN model_version_id ELSE ? END WHERE id = ?",
                row,
            )
            versions.insert_inputs(sql, step_run_id, inputs, items)
            if texts:
                sql.executemany("INSERT OR IGNORE INTO code_units (digest, text) VALUES (?, ?)", texts.items())
            self._tell(sql, "run", self.run_id)

    def step_retrying(self, step_run_id: str, attempt: int, error: StepError) -> None:
        """Record that an attempt failed and the step will be tried again.

        Args:
            step_run_id: the step run.
            attempt: the one that failed, counted from 1.
            error: why; shown until the step ended.
        """
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, pid = 0, attempt = ?, error = ? WHERE id = ?",
                (Status.RETRYING.value, attempt, error.model_dump_json(), step_run_id),
            )
            self._tell(sql, "run", self.run_id)

    def step_cached(
        self, step_run_id: str, *, inputs: Mapping[str, str], outputs: Mapping[str, str], cache_key: str,
        parts: CacheKeyParts | None, source_run_id: str, metadata: dict[str, Any],
        items: Mapping[str, int] | None = None, model_version_id: str = "",
        artifact_types: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """Record that existing versions are reused.

        Args:
            step_run_id: the step run.
            inputs: input to artifact version id.
            outputs: output to artifact version id, in the order of the signature.
            cache_key: digest of the parts; empty when the versions were asked for and not found by a key.
            parts: what the key was made of; None without a key.
            source_run_id: the run that made the versions.
            metadata: of the step run that made them.
            items: input to the member of its value that the step takes, where it is not the whole.
            model_version_id: the model version that the outputs become part of.
            artifact_types: output to what it is for the model.
        """
        moment = now()
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, started_at = ?, ended_at = ?, cache_key = ?, cache_parts = ?, "
                "cache_hit = 1, cache_source_run_id = ?, metadata = ?, "
                "model_version_id = CASE WHEN ? = '' THEN model_version_id ELSE ? END WHERE id = ?",
                (
                    Status.CACHED.value, moment, moment, cache_key, parts.model_dump_json() if parts else None,
                    source_run_id, json.dumps(metadata), model_version_id, model_version_id, step_run_id,
                ),
            )  # fmt: skip
            versions.insert_inputs(sql, step_run_id, inputs, items)
            versions.insert_outputs(sql, step_run_id, outputs)
            if model_version_id:
                kinds = artifact_types or {}
                links = {version: kinds.get(name, "") for name, version in outputs.items()}
                models.link_artifacts(sql, self._project.id, model_version_id, links)
            self._tell(sql, "run", self.run_id)

    def step_completed(
        self, step_run_id: str, outputs: list[tuple[str, Manifest]], metadata: dict[str, Any], *,
        tags: Mapping[str, Iterable[str]] | None = None, model_version_id: str = "",
        artifact_types: Mapping[str, str] | None = None, at: str = "",
    ) -> dict[str, int]:  # fmt: skip
        """Record the outputs and give each its version number.

        Args:
            step_run_id: the step run.
            outputs: output name and what was stored, in the order of the signature.
            metadata: what the step logged.
            tags: output to the tags of its version.
            model_version_id: the model version that the outputs become part of.
            artifact_types: output to what it is for the model: ``model``, ``data``, ``deployment`` or empty.
            at: when it ended; empty: now.

        Returns:
            Output name to version number.
        """
        numbers: dict[str, int] = {}
        store_id, store = self.run.artifact_store_id, self.run.artifact_store
        with transaction(self._connection) as sql:
            for name, manifest in outputs:
                numbers[name] = versions.insert_version(
                    sql, self._project.id, manifest, store_id=store_id, store=store, save_type="step_output"
                )
                if tags and name in tags:
                    add_tags(sql, self._project.id, "artifact_version", manifest.id, tags[name])
            versions.insert_outputs(sql, step_run_id, {name: manifest.id for name, manifest in outputs})
            if metadata:
                merge_json(sql, "step_runs", step_run_id, "metadata", metadata)
            sql.execute(
                "UPDATE step_runs SET status = ?, ended_at = ?, pid = 0, error = NULL WHERE id = ?",
                (Status.COMPLETED.value, at or now(), step_run_id),
            )
            if outputs and model_version_id:
                kinds = artifact_types or {}
                links = {manifest.id: kinds.get(name, "") for name, manifest in outputs}
                models.link_artifacts(sql, self._project.id, model_version_id, links)
            self._tell(sql, "run", self.run_id)
            if outputs:
                self._tell(sql, "artifact", store_id)
        return numbers

    def step_ended(
        self, step_run_id: str, status: Status, *, error: StepError | None = None, detail: str = "",
        metadata: dict[str, Any] | None = None, at: str = "",
    ) -> None:  # fmt: skip
        """Record that the step ended without outputs: failed, skipped or stopped; now if no moment is given."""
        with transaction(self._connection) as sql:
            sql.execute(
                "UPDATE step_runs SET status = ?, ended_at = ?, pid = 0, error = ?, "
                "cache_detail = CASE WHEN ? = '' THEN cache_detail ELSE ? END WHERE id = ?",
                (status.value, at or now(), error.model_dump_json() if error else None, detail, detail, step_run_id),
            )
            if metadata:
                merge_json(sql, "step_runs", step_run_id, "metadata", metadata)
            self._tell(sql, "run", self.run_id)

    # what steps and users save beside outputs: also without a run -----------------------------------------------------

    def record_artifact(
        self, manifest: Manifest, *, save_type: str, step_run_id: str = "", tags: Iterable[str] = (),
        model_version_id: str = "", artifact_type: str = "", store_id: str = "", store: str = "",
    ) -> int:  # fmt: skip
        """Record an artifact version that is no step's output; return its number.

        Args:
            manifest: what was stored.
            save_type: ``manual``, ``preexisting`` or ``external``.
            step_run_id: the step that saved it; empty for none.
            tags: of the version.
            model_version_id: the model version that it becomes part of.
            artifact_type: what it is for the model.
            store_id: id of the artifact store; empty: the run's.
            store: its name; empty: the run's.
        """
        if step_run_id and not manifest.step_run_id:
            manifest = manifest.model_copy(update={"step_run_id": step_run_id})
        store_id, store = store_id or self.run.artifact_store_id, store or self.run.artifact_store
        with transaction(self._connection) as sql:
            number = versions.insert_version(
                sql, self._project.id, manifest, store_id=store_id, store=store, save_type=save_type
            )
            add_tags(sql, self._project.id, "artifact_version", manifest.id, tags)
            if model_version_id:
                models.link_artifacts(sql, self._project.id, model_version_id, {manifest.id: artifact_type})
            self._tell(sql, "artifact", store_id)
        return number
