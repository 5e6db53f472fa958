"""The options of pipelines, as ``@pipeline`` and ``with_options`` give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from stackyard.authoring.configured import Section, from_code
from stackyard.authoring.option_values import Reader, without_repeats
from stackyard.authoring.options import StepOptions, read_step_options
from stackyard.authoring.sources import read_hook
from stackyard.model.enums import ExecutionMode
from stackyard.model.errors import Location
from stackyard.model.graph import GivenSettings
from stackyard.model.options import HookSpec
from stackyard.model.record import Record


class PipelineOptions(Record):
    """What can be said about how a pipeline runs, apart from its parameters; None and empty say nothing."""

    stack: str | None = None
    run_name: str | None = None
    config_path: str | None = None
    resume: str | None = None
    """Name or id of a run to go on with."""
    execution_mode: ExecutionMode | None = None
    tags: tuple[str, ...] = ()
    """Of its runs."""
    cascading_tags: tuple[str, ...] = ()
    """Of the artifact versions that its runs make."""
    extra: dict[str, Any] = field(default_factory=dict)
    on_init: HookSpec | None = None
    on_cleanup: HookSpec | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    """Values of its parameters; those of a call are stronger."""
    sections: dict[str, Section] = field(default_factory=dict)
    """Step to what counts for it."""
    steps: StepOptions = field(default_factory=StepOptions)
    """What counts for every step."""

    @property
    def enable_cache(self) -> bool | None:
        """Return whether steps may be reused; None: nothing is said."""
        return self.steps.enable_cache

    @property
    def settings(self) -> tuple[GivenSettings, ...]:
        """Return the settings for components, weakest first."""
        return tuple(self.steps.settings)

    @property
    def for_steps(self) -> StepOptions:
        """Return what counts for every step when the pipeline is called inside another one."""
        return self.steps.replace(tags=list(self.tags), extra=self.extra)

    def under(self, stronger: PipelineOptions, *, merge: bool) -> PipelineOptions:
        """Return what both say together.

        Args:
            stronger: counts where both say something.
            merge: join mappings and lists; else those of the stronger one stand alone.
        """
        changes: dict[str, Any] = {}
        for name in self.field_names:
            old, new = getattr(self, name), getattr(stronger, name)
            if isinstance(new, StepOptions):
                changes[name] = (old if merge else old.without_those_of(new)).under(new)
            elif isinstance(new, dict):
                changes[name] = {**old, **new} if merge or not new else new
            elif isinstance(new, tuple):
                changes[name] = tuple(without_repeats([*old, *new])) if merge or not new else new
            else:
                changes[name] = old if new is None else new
        return PipelineOptions(**changes)


def read_pipeline_options(given: Mapping[str, Any], owner: str, location: Location | None) -> PipelineOptions:
    """Return the options that a decorator or ``with_options`` was given; None says nothing.

    Args:
        given: keyword to value.
        owner: "pipeline 'x'", for messages.
        location: where.

    Raises:
        OptionError: a value can't be used.
        SettingsError: ``settings`` are no mapping of mappings.
        DefinitionError: ``secrets`` or ``tags`` are no list of names.
    """
    said = {keyword: value for keyword, value in given.items() if value is not None}
    read = Reader(owner, location)
    tags = said.get("tags")
    tag_names = tuple(read.names("tags", tags, "tags"))
    own = ("tags", "extra", "parameters")
    arguments = read.mapping("on_init_kwargs", said.get("on_init_kwargs"))
    texts = {
        key: read.text(key, str(said[key])) for key in ("stack", "run_name", "config_path", "resume") if key in said
    }
    return PipelineOptions(
        stack=texts.get("stack"),
        run_name=texts.get("run_name"),
        config_path=texts.get("config_path"),
        resume=texts.get("resume"),
        execution_mode=_mode(said.get("execution_mode"), read),
        tags=tag_names,
        cascading_tags=tuple(tag.name for tag in tags or () if getattr(tag, "cascade", None)),
        extra=read.mapping("extra", said.get("extra")),
        on_init=read_hook(said["on_init"], "on_init", owner, location, arguments) if "on_init" in said else None,
        on_cleanup=read_hook(said["on_cleanup"], "on_cleanup", owner, location) if "on_cleanup" in said else None,
        parameters=read.arguments("parameters", said.get("parameters")),
        sections={
            str(step): from_code(section, f"step {str(step)!r}", location)
            for keyword in ("step_configurations", "steps")
            for step, section in read.arguments(keyword, said.get(keyword)).items()
        },
        steps=read_step_options({key: value for key, value in said.items() if key not in own}, owner, location),
    )


def configured_hook(configuration: Mapping[str, Any], word: str, of_code: HookSpec | None) -> HookSpec | None:
    """Return the hook that counts: the run configuration's, else the code's with what the former calls it with."""
    if configuration.get(word):
        return HookSpec.model_validate(configuration[word])
    arguments = configuration.get(f"{word}_kwargs")
    if of_code is None or not arguments:
        return of_code
    return of_code.model_copy(update={"arguments": {**of_code.arguments, **arguments}})


def _mode(value: object, read: Reader) -> ExecutionMode | None:
    if value is None:
        return None
    try:
        return ExecutionMode(getattr(value, "value", value))
    except ValueError:
        words = ", ".join(mode.value for mode in ExecutionMode)
        raise read.wrong("execution_mode", f"is {value!r}", f"Write one of: {words}.") from None
