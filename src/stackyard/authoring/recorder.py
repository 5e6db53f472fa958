"""Collecting the steps that a pipeline function calls."""

from __future__ import annotations

import contextvars
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stackyard.authoring.frames import caller
from stackyard.authoring.options import without_repeats
from stackyard.model.errors import DefinitionError, InputError, Location, RunConfigurationError
from stackyard.model.graph import StepSpec
from stackyard.model.names import did_you_mean

if TYPE_CHECKING:
    from stackyard.authoring.step import StepDefinition


class Recorder:
    """The graph of one pipeline call as it grows."""

    def __init__(
        self,
        pipeline: str,
        *,
        enable_cache: bool | None = None,
        force_cache: bool | None = None,
        steps: dict[str, Any] | None = None,
        secrets: Sequence[str] = (),
        config_location: Location | None = None,
    ) -> None:
        """Start an empty graph.

        Args:
            pipeline: name of the pipeline.
            enable_cache: the pipeline's own choice; a step's overrides it.
            force_cache: what the command line said; overrides everything.
            steps: the run configuration's section of steps.
            secrets: names of the secrets for every step.
            config_location: the run configuration's file, for messages.
        """
        self.pipeline = pipeline
        self.specs: list[StepSpec] = []
        self.definitions: dict[str, StepDefinition] = {}
        self.config_location = config_location
        self._enable_cache = enable_cache
        self._force_cache = force_cache
        self._configured: dict[str, Any] = steps or {}
        self._secrets = list(secrets)

    def free_name(self, name: str, *, fixed: bool) -> str:
        """Return the name for the next call of a step: repeated calls are numbered.

        Raises:
            DefinitionError: a name given by ``id=`` is taken.
        """
        if name not in self.definitions:
            return name
        if fixed:
            raise DefinitionError(
                f"The pipeline {self.pipeline!r} has a step {name!r} already.",
                hint="Give another id=.",
                location=caller(),
            )
        number = 2
        while f"{name}_{number}" in self.definitions:
            number += 1
        return f"{name}_{number}"

    def caches(self, step: str, own: bool | None) -> bool:
        """Tell whether a step may be reused."""
        configured = (self._configured.get(step) or {}).get("enable_cache")
        for choice in (self._force_cache, configured, own, self._enable_cache):
            if choice is not None:
                return bool(choice)
        return True

    def secrets(self, step: str, own: Sequence[str]) -> list[str]:
        """Return the names of a step's secrets: the pipeline's, its own, those of the run configuration."""
        configured = (self._configured.get(step) or {}).get("secrets") or []
        return without_repeats([*self._secrets, *own, *configured])

    def experiment_tracker(self, step: str, own: str | bool | None) -> str | bool | None:
        """Return which experiment tracker follows a step; False or None: none."""
        configured: str | bool | None = (self._configured.get(step) or {}).get("experiment_tracker")
        return own if configured is None else configured

    def step_parameters(self, step: str) -> dict[str, Any]:
        """Return the parameters that the run configuration gives a step."""
        return dict((self._configured.get(step) or {}).get("parameters") or {})

    def check_configured_steps(self) -> None:
        """Refuse sections of the run configuration for steps that were not recorded.

        Raises:
            RunConfigurationError: a step of that name does not exist.
        """
        for name in self._configured:
            if name not in self.definitions:
                known = list(self.definitions)
                raise RunConfigurationError(
                    f"The run configuration has a section for the step {name!r}, which the pipeline "
                    f"{self.pipeline!r} does not have.",
                    hint=f"{did_you_mean(name, known)} Its steps: {', '.join(known)}.".strip(),
                    location=self.config_location,
                )

    def add(self, spec: StepSpec, definition: StepDefinition) -> None:
        """Record a step.

        Raises:
            InputError: it waits for a step that is not recorded before it.
        """
        for up in spec.upstream():
            if up not in self.definitions:
                raise InputError(
                    f"Step {spec.name!r} waits for {up!r}, which is no step of the pipeline {self.pipeline!r} so far.",
                    hint="Call that step before, or correct after=.",
                    location=Location(spec.file, spec.line),
                )
        self.specs.append(spec)
        self.definitions[spec.name] = definition


_recorder: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("stackyard_recorder", default=None)


def current_recorder() -> Recorder | None:
    """Return the recorder of the pipeline function that is running, or None."""
    return _recorder.get()


def begin(recorder: Recorder) -> contextvars.Token[Recorder | None]:
    """Record the calls that follow."""
    return _recorder.set(recorder)


def end(token: contextvars.Token[Recorder | None]) -> None:
    """Stop recording."""
    _recorder.reset(token)
