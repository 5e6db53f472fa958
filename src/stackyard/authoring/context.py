"""What a step can ask while it runs: its context.

A step never opens the catalog: it speaks to its driver through the services that this context holds.
"""

from __future__ import annotations

import contextlib
import contextvars
import sys
from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Protocol

from stackyard.authoring.frames import caller, in_import
from stackyard.authoring.metadata import jsonable_metadata
from stackyard.model.errors import SecretNotFoundError, UsageError
from stackyard.model.record import Record
from stackyard.model.response_names import Configuration

if TYPE_CHECKING:
    from stackyard.model.artifact import Manifest
    from stackyard.model.options import ModelVersionRef


class RunInfo(Record):
    """The run that a step belongs to."""

    id: str
    name: str
    tags: tuple[str, ...] = ()


class NameInfo(Record):
    """A pipeline or stack by name."""

    name: str


class StepRunInfo(Record):
    """The step run that is being executed."""

    id: str
    name: str
    attempt: int = 1
    """1 the first time; one more each time that it is tried again."""
    pipeline_run_id: str = ""
    config: Configuration = field(default_factory=lambda: Configuration({}, {}), repr=False)
    """What the step knows of itself: ``parameters`` and ``extra``."""


class InputInfo(Record):
    """An artifact version that the step takes."""

    id: str
    uri: str
    digest: str
    item: int | None = None
    """Which member of its value; None: the whole."""


class StepServices(Protocol):
    """What whoever executes a step does for it."""

    def send_metadata(self, values: dict[str, Any]) -> None:
        """Record metadata of the step run; JSON values."""

    def ask(self, method: str, arguments: dict[str, Any], manifest: Manifest | None = None) -> Any:
        """Ask the driver and wait for its answer, a JSON value.

        Raises:
            StackyardError: what the driver says is wrong.
        """

    def save(
        self, value: Any, artifact_name: str, *, metadata: dict[str, Any], materializer: type | str | None,
        facts: dict[str, Any],
    ) -> dict[str, Any]:  # fmt: skip
        """Store a value in the step's artifact store and let the driver record it; return the version's view.

        Args:
            value: the value.
            artifact_name: name of the artifact.
            metadata: JSON values of the version.
            materializer: class, or ``module:Class``, that stores it; None: the one of its type.
            facts: ``save_type``, ``tags`` and ``artifact_type`` of the version.

        Raises:
            StackyardError: it can't be stored or recorded; nothing is left behind.
        """

    def load(self, name_or_id: str, version: int | None = None) -> Any:
        """Return the value of an artifact version: by its id, or an artifact's name and number (None: the newest)."""

    def output_uri(self, output: str) -> str:
        """Return the folder that the output's version will lie in; it exists."""


class StepContext(Record, frozen=False):
    """The step that is running in this process."""

    step_name: str
    step_run_id: str
    pipeline_run: RunInfo
    pipeline: NameInfo
    stack: NameInfo
    parameters: dict[str, Any]
    output_names: tuple[str, ...]
    services: StepServices = field(repr=False)
    output_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    output_tags: dict[str, list[str]] = field(default_factory=dict)
    secrets: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    """Those that the step declares: name to key to value."""
    inputs: dict[str, list[InputInfo]] = field(default_factory=dict)
    """Input to its artifact version; several for an input that is a list."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What ``extra=`` of pipeline and step says."""
    attempt: int = 1
    model_version: ModelVersionRef | None = None
    """The version of the model that the step works on."""

    @property
    def step_run(self) -> StepRunInfo:
        """Return the step run."""
        config = Configuration(self.parameters, {"extra": self.extra})
        return StepRunInfo(self.step_run_id, self.step_name, self.attempt, self.pipeline_run.id, config)

    @property
    def tags(self) -> list[str]:
        """Return the tags of the run."""
        return list(self.pipeline_run.tags)

    @property
    def model(self) -> Any:
        """Return the model that the step works on, a :class:`stackyard.Model`.

        Raises:
            UsageError: it works on none.
        """
        if self.model_version is None:
            raise UsageError(
                f"The step {self.step_name!r} works on no model.",
                hint='Say which: @pipeline(model=Model(name="...")), or @step(model=...).',
            )
        # The package as users see it: this layer knows no catalog, and a function that came by value imported nothing.
        return sys.modules["stackyard"].Model.of_version(self.model_version)

    def add_output_metadata(self, metadata: dict[str, Any], output_name: str | None = None) -> None:
        """Attach metadata to an output's artifact version.

        Args:
            metadata: name to JSON value.
            output_name: which output; may be left out when there is just one.

        Raises:
            UsageError: no such output, or it must be named.
            MaterializationError: a value is no JSON value.
        """
        name = self._output(output_name)
        self.output_metadata.setdefault(name, {}).update(jsonable_metadata(metadata))

    def get_output_metadata(self, output_name: str | None = None) -> dict[str, Any]:
        """Return the metadata that an output's artifact version will have.

        Raises:
            UsageError: no such output, or it must be named.
        """
        return dict(self.output_metadata.get(self._output(output_name), {}))

    def add_output_tags(self, tags: Sequence[str], output_name: str | None = None) -> None:
        """Put tags on an output's artifact version.

        Raises:
            UsageError: no such output, it must be named, or a tag is no text.
        """
        own = self.output_tags.setdefault(self._output(output_name), [])
        own.extend(tag for tag in checked_tags(tags) if tag not in own)

    def get_output_tags(self, output_name: str | None = None) -> list[str]:
        """Return the tags that an output's artifact version will have.

        Raises:
            UsageError: no such output, or it must be named.
        """
        return list(self.output_tags.get(self._output(output_name), []))

    def remove_output_tags(self, tags: Sequence[str], output_name: str | None = None) -> None:
        """Take tags from an output's artifact version; those that it has not are passed over.

        Raises:
            UsageError: no such output, it must be named, or a tag is no text.
        """
        name, gone = self._output(output_name), checked_tags(tags)
        self.output_tags[name] = [tag for tag in self.output_tags.get(name, []) if tag not in gone]

    def get_output_artifact_uri(self, output_name: str | None = None) -> str:
        """Return the folder that an output's artifact version will lie in; files that the step writes belong to it.

        Raises:
            UsageError: no such output, or it must be named.
            ArtifactStoreError: the store can't be written.
        """
        return self.services.output_uri(self._output(output_name))

    def ask(self, method: str, arguments: dict[str, Any], manifest: Manifest | None = None) -> Any:
        """Ask the driver for what a step can't do itself; return its answer, a JSON value.

        Raises:
            StackyardError: what the driver says is wrong.
        """
        return self.services.ask(method, arguments, manifest)

    def _output(self, output_name: str | None) -> str:
        name = output_name or (self.output_names[0] if len(self.output_names) == 1 else None)
        if name is not None and name in self.output_names:
            return name
        outputs = ", ".join(self.output_names) or "none"
        if output_name is None and self.output_names:
            raise UsageError(
                f"Step {self.step_name!r} has {len(self.output_names)} outputs.", hint=f"Name one of them: {outputs}."
            )
        raise UsageError(
            f"Step {self.step_name!r} has no output{f' {output_name!r}' if output_name else 's'}.",
            hint=f"Its outputs: {outputs}.",
        )


_current: contextvars.ContextVar[StepContext | None] = contextvars.ContextVar("stackyard_step_context", default=None)
_process_wide: list[StepContext] = []
_outside: contextvars.ContextVar[bool] = contextvars.ContextVar("stackyard_outside_of_steps", default=False)


def enter(context: StepContext) -> contextvars.Token[StepContext | None]:
    """Make a context the current one, in threads that the step starts as well."""
    _process_wide.append(context)
    return _current.set(context)


def leave(token: contextvars.Token[StepContext | None]) -> None:
    """End it."""
    _process_wide.pop()
    _current.reset(token)


def current() -> StepContext | None:
    """Return the running step's context, or None outside of a step."""
    if _outside.get():
        return None
    return _current.get() or (_process_wide[-1] if len(_process_wide) == 1 else None)


@contextlib.contextmanager
def outside_of_steps() -> Iterator[None]:
    """Let code in a step's own process count as code outside of steps: the driver, as it answers the step."""
    token = _outside.set(True)
    try:
        yield
    finally:
        _outside.reset(token)


def get_step_context() -> StepContext:
    """Return the context of the running step.

    Raises:
        UsageError: called outside of a step that runs in a pipeline.
    """
    context = current()
    if context is None:
        raise UsageError(
            "get_step_context() was called outside of a running step.",
            hint="Call it inside a @step function while a pipeline runs it.",
        )
    return context


def refuse_in_step(owner: str) -> None:
    """Insist that no step runs, unless a module is imported that calls its pipeline: the worker leaves that undone.

    Args:
        owner: "pipeline 'x'", which is called.

    Raises:
        UsageError: a step runs.
    """
    context = current()
    if context is None or in_import():
        return
    raise UsageError(
        f"The {owner} was called in the running step {context.step_name!r}, which can't run a pipeline.",
        hint="Call it in a @pipeline function: its steps become steps of that one. Or run it before or after.",
        location=caller(),
    )


def step_secret(name: str) -> dict[str, str] | None:
    """Return the values of a secret inside a step; None outside of steps.

    Raises:
        SecretNotFoundError: the running step does not declare it.
    """
    context = current()
    if context is None:
        return None
    if name not in context.secrets:
        raise SecretNotFoundError(
            f"The step {context.step_name!r} does not declare the secret {name!r}.",
            hint=f'Declare it: @step(secrets=["{name}"])',
        )
    return dict(context.secrets[name])


def checked_tags(tags: str | Sequence[Any]) -> list[str]:
    """Return tags as a list without repeats; a single one may stand by itself.

    Raises:
        UsageError: one of them is no text, or empty.
    """
    found = [tags] if isinstance(tags, str) else list(tags)
    for tag in found:
        if not isinstance(tag, str) or not tag.strip():
            raise UsageError(f"{tag!r} can't be a tag.", hint="Tags are texts: tags=['weekly', 'eu'].")
    return list(dict.fromkeys(found))
