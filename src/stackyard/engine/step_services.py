"""What a step's context can do for it, whoever executes the step."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Sequence
from typing import Any

from stackyard.engine.components import artifact_store, redactor_of
from stackyard.flavors.opening import SecretValues
from stackyard.model.artifact import Manifest
from stackyard.model.error_base import error_from
from stackyard.model.errors import InputError, StackyardError
from stackyard.model.job import InputVersion, StepEvent, StepJob, StepReply
from stackyard.model.names import with_article
from stackyard.storage.ids import now
from stackyard.storage.materializers.builtin import JsonMaterializer
from stackyard.storage.materializers.lookup import NewVersion, Origin, load_version, new_version, save_version

SendEvent = Callable[[StepEvent], None]
Ask = Callable[[str, dict[str, Any], Manifest | None], StepReply]
"""Takes method, arguments and manifest of a request; returns the driver's reply."""

_WHOLES_KEPT = 3
_wholes: dict[str, Any] = {}
"""Artifact version to its JSON value, while one step after the other takes a member: to map over a thousand members is
not to read all of them a thousand times."""

_STORED_KEPT = 16
_stored: dict[str, Manifest] = {}
"""What this process stored last, by URI: the next step in a row takes it at once, its files checked as any others."""


def stored_output(step_run_id: str, output: str) -> Manifest | None:
    """Return what a step stored in this process as one of its outputs; None when that is not known any more."""
    found = (m for m in _stored.values() if (m.step_run_id, m.output_name) == (step_run_id, output))
    return next(found, None)


class JobServices:
    """Serves one job: see :class:`stackyard.authoring.context.StepServices`."""

    def __init__(self, job: StepJob, secrets: SecretValues, send: SendEvent, ask: Ask) -> None:
        """Take the job and the way to its driver.

        Raises:
            StackyardError: the job's artifact store can't be opened.
        """
        self._job = job
        self._secrets = secrets
        self._send = send
        self._ask = ask
        self._store = artifact_store(job.artifact_store, secrets)
        self._redactor = redactor_of(secrets)
        if all(version.item is None for version in job.inputs.values()):
            _wholes.clear()
        self._prepared: dict[str, NewVersion] = {}
        """Outputs whose folder the step asked for."""

    def send_metadata(self, values: dict[str, Any], *, of_run: bool = False) -> None:
        """Record metadata of the step run."""
        self._send(
            StepEvent(kind="metadata", step_run_id=self._job.step_run_id, at=now(), values=values, of_run=of_run)
        )

    def log(self, level: str, text: str) -> None:
        """Write a line into the step's log."""
        self._send(StepEvent(kind="log", step_run_id=self._job.step_run_id, at=now(), level=level, text=text))

    def ask(self, method: str, arguments: dict[str, Any], manifest: Manifest | None = None) -> Any:
        """Ask the driver and wait for its answer.

        Raises:
            StackyardError: what the driver says is wrong.
        """
        reply = self._ask(method, self._redactor.clean_value(arguments) if self._redactor else arguments, manifest)
        if reply.error is not None:
            raise error_from(reply.error)
        return reply.value

    def load_input(self, version: InputVersion) -> Any:
        """Return the value of an artifact version, or the member of it that is meant.

        Raises:
            InputError: it has no such member.
            StackyardError: it can't be loaded.
        """
        if version.item is None:
            return self._load(version)
        if version.materializer != JsonMaterializer.name:
            return _member(self._load(version), version.item)
        known = version.artifact_version_id
        if known not in _wholes:
            if len(_wholes) >= _WHOLES_KEPT:
                _wholes.clear()
            _wholes[known] = self._load(version)
        return copy.deepcopy(_member(_wholes[known], version.item))  # the step may change it

    def _load(self, version: InputVersion) -> Any:
        place = artifact_store(version.artifact_store, self._secrets) if version.artifact_store else self._store
        return load_version(place, version.uri, _stored.get(version.uri))

    def load(self, name_or_id: str, version: int | None = None) -> Any:
        """Return the value of an artifact version that is no input of the step.

        Raises:
            StackyardError: there is none, or it can't be read from here.
        """
        found = self.ask("_input_version", {"name_or_id": name_or_id, "version": version})
        read = InputVersion.model_validate(found)
        if (
            read.artifact_store is not None
            and read.artifact_store.component_id == self._job.artifact_store.component_id
        ):
            read.artifact_store = None
        return self.load_input(read)

    def save(
        self, value: Any, artifact_name: str, *, metadata: dict[str, Any], materializer: type | str | None,
        facts: dict[str, Any],
    ) -> dict[str, Any]:  # fmt: skip
        """Store a value in the step's artifact store and let the driver record it."""
        origin = self._origin(artifact_name, save_type=str(facts["save_type"]))
        manifest = self._save(value, origin, metadata, [materializer] if materializer else [])
        store = self._job.artifact_store
        arguments = {
            **facts,
            "store_id": store.component_id,
            "store": store.name,
            "step_run_id": self._job.step_run_id,
            "model_version_id": self._job.model.model_version_id if self._job.model else "",
        }
        try:
            return dict(self.ask("_record_artifact", arguments, manifest))
        except BaseException:
            self._store.discard(manifest.uri)
            raise

    def save_output(
        self, value: Any, output: str, artifact_name: str, metadata: dict[str, Any], materializers: list[str]
    ) -> Manifest:
        """Store the value of an output, and tell the driver."""
        origin = self._origin(artifact_name, output)
        manifest = self._save(value, origin, metadata, materializers, self._prepared.pop(output, None))
        if len(_stored) >= _STORED_KEPT:
            _stored.clear()
        _stored[manifest.uri] = manifest
        self._send(
            StepEvent(
                kind="artifact_saved", step_run_id=self._job.step_run_id, at=now(), output=output, manifest=manifest
            )
        )
        return manifest

    def output_uri(self, output: str) -> str:
        """Return the folder that the output's version will lie in; it exists."""
        if output not in self._prepared:
            name = next(o.artifact_name for o in self._job.outputs if o.name == output)
            self._prepared[output] = new_version(self._store, name)
        return self._prepared[output].uri

    def close(self) -> None:
        """Remove folders that were asked for and never became versions."""
        for prepared in self._prepared.values():
            with contextlib.suppress(StackyardError):
                self._store.discard(prepared.uri)

    def _origin(self, artifact_name: str, output: str = "", save_type: str = "step_output") -> Origin:
        job = self._job
        return Origin(
            artifact_name=artifact_name,
            output_name=output,
            run_id=job.run_id,
            step_run_id=job.step_run_id,
            step_name=job.step_name,
            pipeline_name=job.pipeline_name,
            project_id=job.project_id,
            run_name=job.run_name,
            inputs={name: version.artifact_version_id for name, version in job.inputs.items()},
            save_type=save_type,
        )

    def _save(
        self, value: Any, origin: Origin, metadata: dict[str, Any] | None, materializers: Sequence[type | str],
        version: NewVersion | None = None,
    ) -> Manifest:  # fmt: skip
        kept = self._redactor.clean_value(metadata) if self._redactor and metadata else metadata
        return save_version(self._store, value, origin, kept, materializers=materializers, version=version)


def _member(value: Any, item: int) -> Any:
    try:
        return value[item]
    except (LookupError, TypeError):
        size = f" with {len(value)} members" if hasattr(value, "__len__") else ""
        kind = with_article(type(value).__name__)
        raise InputError(
            f"An input is to be member {item} of {kind}{size}, which has none of that number.",
            hint="Members of lists, tuples and arrays are numbered from 0 on.",
        ) from None
