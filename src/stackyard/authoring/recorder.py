"""Collecting the steps that a pipeline function calls."""

from __future__ import annotations

import contextvars
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

from stackyard.authoring.configured import Section, from_file
from stackyard.authoring.frames import caller
from stackyard.authoring.options import StepOptions
from stackyard.model.errors import DefinitionError, InputError, Location, RunConfigurationError, StackyardError
from stackyard.model.graph import StepSpec
from stackyard.model.names import did_you_mean
from stackyard.model.record import Record

if TYPE_CHECKING:
    from stackyard.authoring.artifact_config import ExternalArtifact
    from stackyard.authoring.handles import OutputHandle, ValueSource
    from stackyard.authoring.step import StepDefinition
    from stackyard.model.problems import Problems


class RecorderSettings(Record):
    """What counts for all steps of one call of a pipeline."""

    defaults: StepOptions = field(default_factory=StepOptions)
    """The pipeline's own options."""
    force_cache: bool | None = None
    """What the command line said; overrides everything."""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """The run configuration, checked."""
    locate: Callable[..., Location] | None = None
    """Tells where the run configuration says something: gets the keys that lead there."""
    sections: Mapping[str, Section] = field(default_factory=dict)
    """Step to what ``with_options(steps=...)`` says of it."""
    tags: tuple[str, ...] = ()
    """Of the run."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """The pipeline's own."""
    cascading_tags: tuple[str, ...] = ()
    """For every output."""
    moment: Mapping[str, str] = field(default_factory=dict)
    """The placeholders ``date`` and ``time``."""
    problems: Problems | None = None
    """Takes what is wrong where recording can go on; None: it is raised."""


class Recorder:
    """The graph of one pipeline call as it grows."""

    def __init__(self, pipeline: str, settings: RecorderSettings | None = None) -> None:
        """Start an empty graph of the pipeline of this name."""
        self.pipeline = pipeline
        self.settings = settings or RecorderSettings()
        self.specs: list[StepSpec] = []
        self.definitions: dict[str, StepDefinition] = {}
        self.parameters: dict[str, Any] = {}
        """Of the pipeline, as JSON; set when its function is called."""
        self.uploads: dict[str, ExternalArtifact] = {}
        """Placeholder (``upload:<uuid>``) to a value that is stored before the step that takes it."""
        self.values: ValueSource | None = None
        """Who runs what is recorded while the function goes on; None: nothing runs."""
        self.on_added: Callable[[], None] | None = None
        """Is called after each recorded step."""
        self._configured = from_file(self.settings.configuration).replace(tags=[], extra={})  # these are the run's
        whole = self.settings.defaults.under(self._configured)
        self.whole = whole.replace(substitutions={**self.settings.moment, **whole.substitutions})
        """What counts for the pipeline as a whole."""
        self._outermost = self.settings.defaults.replace(settings=[])  # the run's settings are no step's own
        self._merged: dict[tuple[int, int, str], tuple[StepOptions, StepOptions, StepOptions]] = {}
        self._sections: dict[str, StepOptions] = {}
        self._used: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._placeholders: dict[int, str] = {}
        self._taken = 0
        self._problems = self.settings.problems
        self._lock = threading.Lock()

    def place_in_file(self, *keys: str) -> Location | None:
        """Return where the run configuration says what these keys lead to; None without one."""
        return self.settings.locate(*keys) if self.settings.locate is not None else None

    def place_of(self, key: str, *steps: str) -> Location | None:
        """Return where the run configuration gives a key a value: for one of the steps, else as a whole."""
        for name in steps:
            if (self._file_sections().get(name) or {}).get(key) is not None:
                return self.place_in_file("steps", name, key)
        return self.place_in_file(key) if self.settings.configuration.get(key) is not None else None

    @property
    def runs(self) -> bool:
        """Tell whether what is recorded runs while the function goes on, so that values can be loaded."""
        return self.values is not None

    def value_source(self, handle: OutputHandle | object) -> ValueSource:
        """Return who knows values.

        Raises:
            DefinitionError: nobody does: the pipeline is only recorded.
        """
        if self.values is None:
            raise DefinitionError(
                f"{handle!r} can't be loaded: the pipeline is only being recorded, and no step runs.",
                hint="Values are known when the pipeline runs: stackyard run FILE",
                location=caller(),
                dynamic=True,
            )
        return self.values

    def tell(self, error: StackyardError) -> None:
        """Note what is wrong where recording can go on, or raise it."""
        if self._problems is None:
            raise error
        self._problems.add(error)

    def raise_from_now_on(self) -> None:
        """Raise what is wrong with later calls right there: what was recorded runs, and nobody collects any more."""
        self._problems = None

    # names and options of a call ---------------------------------------------------------------------------------

    def free_name(self, name: str, *, fixed: bool) -> str:
        """Return the name for the next call of a step: repeated calls are numbered.

        Raises:
            DefinitionError: a name given by ``id=`` is taken.
        """
        if name not in self.definitions:
            return name
        if fixed:
            self.tell(
                DefinitionError(
                    f"The pipeline {self.pipeline!r} has a step {name!r} already.",
                    hint="Give another id=.",
                    location=caller(),
                )
            )
        number = self._numbers.get(name, 2)
        while f"{name}_{number}" in self.definitions:
            number += 1
        self._numbers[name] = number  # it is free again if the call is refused
        return f"{name}_{number}"

    @contextmanager
    def scope(self, options: StepOptions) -> Iterator[None]:
        """Let the options of a pipeline that is called inside count for the steps that it calls."""
        token = _scope.set((self, self._innermost().under(options)))
        try:
            yield
        finally:
            _scope.reset(token)

    def _innermost(self) -> StepOptions:
        """Return the options of the pipelines around a call."""
        found = _scope.get()
        return found[1] if found is not None and found[0] is self else self._outermost

    def options_of(self, step: str, own: StepOptions, *, called: str = "") -> StepOptions:
        """Return what counts for a call of a step.

        Weakest first: the pipelines around it, the step's own, ``with_options(steps=...)``, the run configuration, its
        section of the step, the command line. One exception: ``enable_cache: true`` of a whole run configuration does
        not turn on caching for a step that says itself that it must always run.

        Args:
            step: name of the call.
            own: the step's own options.
            called: name of the step where its section counts for all calls (of ``map``); else empty.
        """
        scope = self._innermost()
        sections = [name for name in (called, step) if self._has_section(name)]
        self._used.update(sections)
        key = (id(scope), id(own), "\0".join(sections))
        if key not in self._merged:
            self._merged[key] = (scope, own, self._options(scope, own, sections))  # the first two keep their ids theirs
        return self._merged[key][2]

    def _options(self, scope: StepOptions, own: StepOptions, sections: list[str]) -> StepOptions:
        merged = scope.under(own)
        in_code = [self.settings.sections[name].options for name in sections if name in self.settings.sections]
        in_file = [self._section(name) for name in sections]
        for options in in_code:
            merged = merged.under(options)
        whole = self._configured.enable_cache
        chosen = merged.enable_cache
        if own.enable_cache is None and not any(o.enable_cache is not None for o in in_code) and whole is not None:
            chosen = whole
        elif whole is False:
            chosen = False
        for options in (self._configured, *in_file):
            merged = merged.under(options)
        for options in in_file:
            chosen = chosen if options.enable_cache is None else options.enable_cache
        forced = self.settings.force_cache
        chosen = forced if forced is not None else chosen
        return merged.replace(
            enable_cache=True if chosen is None else chosen,
            substitutions={**self.settings.moment, **merged.substitutions},
        )

    def _file_sections(self) -> Mapping[str, Any]:
        return self.settings.configuration.get("steps") or {}

    def _has_section(self, name: str) -> bool:
        return name in self.settings.sections or name in self._file_sections()

    def _section(self, name: str) -> StepOptions:
        if name not in self._sections:
            self._sections[name] = from_file(self._file_sections().get(name) or {})
        return self._sections[name]

    def parameters_of(self, step: str, *, called: str = "") -> dict[str, tuple[Any, Section]]:
        """Return the parameters that sections of a call give, each with the section that says so."""
        found: dict[str, tuple[Any, Section]] = {}
        if not self.settings.sections and not self._file_sections():
            return found
        for name in (called, step):
            in_code = self.settings.sections.get(name)
            if in_code is not None:
                found.update({key: (value, in_code) for key, value in in_code.parameters.items()})
            in_file = (self._file_sections().get(name) or {}).get("parameters") or {}
            for key, value in in_file.items():
                found[key] = (value, Section(location=self.place_in_file("steps", name, "parameters", key)))
        return found

    def check_configured_steps(self) -> None:
        """Refuse sections for steps that were not recorded; call it when the pipeline's function has ended.

        Raises:
            RunConfigurationError: a step of that name does not exist.
        """
        told = [
            (name, self.place_in_file("steps", name), "The run configuration has a section")
            for name in self._file_sections()
        ]
        told += [
            (name, each.location, "with_options(steps=...) says something")
            for name, each in self.settings.sections.items()
        ]
        for name, place, who in told:
            if name not in self.definitions and name not in self._used:
                known = list(self.definitions)
                self.tell(
                    RunConfigurationError(
                        f"{who} for the step {name!r}, which the pipeline {self.pipeline!r} does not have.",
                        hint=f"{did_you_mean(name, known)} Its steps: {', '.join(known)}.".strip(),
                        location=place,
                    )
                )

    # what is recorded --------------------------------------------------------------------------------------------

    def add(self, spec: StepSpec, definition: StepDefinition) -> None:
        """Record a step.

        Raises:
            InputError: it waits for a step that is not recorded before it.
            StackyardError: whoever runs what is recorded refuses it.
        """
        for up in spec.upstream():
            if up not in self.definitions:
                self.tell(
                    InputError(
                        f"Step {spec.name!r} waits for {up!r}, which is no step of the pipeline {self.pipeline!r} yet.",
                        hint="Call that step before, or correct after=.",
                        location=Location(spec.file, spec.line),
                    )
                )
                spec.after = [name for name in spec.after if name != up]
        with self._lock:
            self.specs.append(spec)
            self.definitions[spec.name] = definition
        if self.on_added is None:
            return
        try:
            self.on_added()
        except StackyardError:  # it is refused: if the function goes on all the same, nothing can wait for it
            self._withdraw(spec)
            raise

    def _withdraw(self, spec: StepSpec) -> None:
        with self._lock:
            place = next((i for i, each in enumerate(self.specs) if each is spec), None)
            if place is not None:
                del self.specs[place], self.definitions[spec.name]
                self._taken -= place < self._taken

    def upload(self, artifact: ExternalArtifact) -> str:
        """Return the placeholder of a value from outside; the same object gets the same one."""
        placeholder = self._placeholders.get(id(artifact))
        if placeholder is None:
            placeholder = self._placeholders[id(artifact)] = f"upload:{uuid.uuid4()}"
            self.uploads[placeholder] = artifact
        return placeholder

    def take_new(self) -> tuple[list[StepSpec], dict[str, StepDefinition]]:
        """Return the steps that were recorded since the last call, in order; may be called from any thread."""
        with self._lock:
            new = self.specs[self._taken :]
            self._taken = len(self.specs)
            return new, {spec.name: self.definitions[spec.name] for spec in new}


_recorder: contextvars.ContextVar[Recorder | None] = contextvars.ContextVar("stackyard_recorder", default=None)
_scope: contextvars.ContextVar[tuple[Recorder, StepOptions] | None] = contextvars.ContextVar(
    "stackyard_scope", default=None
)
"""What counts in the pipeline that is called inside; of each task its own, as async pipelines take turns."""


def current_recorder() -> Recorder | None:
    """Return the recorder of the pipeline function that is running, or None."""
    return _recorder.get()


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Record the calls inside; None: calls inside run the functions, as a step that is executed needs it."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)
