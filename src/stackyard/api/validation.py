"""What can be known to be wrong with recorded steps before any of them runs.

Each check yields errors with the place of the step's call; whoever asks collects them.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.api.option_places import OptionPlaces, Said
from stackyard.authoring.annotation_types import element_of, is_mismatch, why_never_stored
from stackyard.authoring.signature import type_text
from stackyard.engine.cache_policy import DependencyError, find_object, resolve_files
from stackyard.engine.limits import cores
from stackyard.model.errors import InputError, Location, OptionError, RunConfigurationError, StackyardError
from stackyard.model.graph import OutputRef, StepSpec
from stackyard.model.materializer import HOW, misfit
from stackyard.model.names import did_you_mean
from stackyard.model.options import CachePolicy, HookSpec
from stackyard.model.problems import Problems
from stackyard.storage.materializers import registered

if TYPE_CHECKING:
    from stackyard.authoring.step import StepDefinition

_MEMBER = re.compile(r"(.+)\[\d+\]")
"""An input that is one member of a list."""
_UNITS = ("", "K", "M", "G", "T", "P")


def check_steps(
    steps: Iterable[StepSpec], definitions: Mapping[str, StepDefinition], problems: Problems, *, source_root: Path,
    places: OptionPlaces,
) -> None:  # fmt: skip
    """Note what is certainly wrong with recorded steps.

    Args:
        steps: those to look at.
        definitions: theirs, and those of the steps that they take something from.
        problems: takes what is found.
        source_root: what the files of cache policies are relative to.
        places: finds where options are said.
    """
    seen: set[int] = set()
    for step in steps:
        place = Location(step.file, step.line) if step.file else None
        definition = definitions.get(step.name)
        if definition is not None:
            for problem in _mistyped_inputs(step, definition, definitions, place):
                problems.add(problem)
            # A step that is called many times is looked at once.
            function = id(definition.function)
            if function not in seen:
                seen.add(function)
                for problem in _unstorable_outputs(step, definition):
                    problems.add(problem)
        for problem in _unusable_options(step, places, source_root):
            problems.add(problem)


def notes_on(steps: Iterable[StepSpec]) -> list[str]:
    """Return what steps ask for that they will not get as they may think, each once."""
    cpus: dict[float, list[str]] = {}
    gpus: list[str] = []
    for step in steps:
        if step.resources is not None and (step.resources.cpu_count or 0) > cores():
            cpus.setdefault(step.resources.cpu_count or 0, []).append(step.name)
        if step.resources is not None and step.resources.gpu_count:
            gpus.append(step.name)
    found = [
        f"{_names(names)} {count:g} CPUs; this machine has {cores()}. Nothing else that declares CPUs runs meanwhile."
        for count, names in cpus.items()
    ]
    if gpus:
        found.append(f"{_names(gpus)} GPUs. GPUs are not counted: steps start whether there are any or not.")
    return found


def _names(steps: list[str]) -> str:
    if len(steps) == 1:
        return f"The step {steps[0]!r} asks for"
    shown = ", ".join(repr(name) for name in steps[:3])
    return f"{len(steps)} steps ({shown}{', ...' if len(steps) > 3 else ''}) ask for"


def check_hook(
    hook: HookSpec | None, what: str, place: Location | None, *, of_step: bool = True
) -> Iterator[StackyardError]:
    """Yield why a hook can't be called, if so.

    Args:
        hook: the hook.
        what: ``The hook on_failure of step 'train'``.
        place: where it was said.
        of_step: it is given why the step failed, if it takes something.
    """
    if hook is None:
        return
    found = getattr(hook, "function", None)
    if found is not None:  # it is at hand
        yield from _uncallable(found, hook, what, place, of_step=of_step)
        return
    if hook.pickled or hook.module == "__main__" or "<locals>" in hook.qualname:
        return
    try:
        found = find_object(f"{hook.module}:{hook.qualname}")
    except DependencyError as error:
        yield OptionError(f"{what} can't be imported: {error}.", hint="Write it as module.name.", location=place)
        return
    if not callable(found):
        yield OptionError(
            f"{what} names {hook.module}.{hook.qualname}, which can't be called.", hint="Name a function.",
            location=place,
        )  # fmt: skip
        return
    yield from _uncallable(found, hook, what, place, of_step=of_step)


def _uncallable(
    function: Any, hook: HookSpec, what: str, place: Location | None, *, of_step: bool
) -> Iterator[StackyardError]:
    """Yield why a function can't be called with what a hook is given."""
    from stackyard.engine.step_hooks import takes_one  # noqa: PLC0415  # few pipelines have hooks

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions of C have none to read
        return
    given = [None] if of_step and takes_one(function, hook.arguments) else []
    try:
        signature.bind(*given, **hook.arguments)
    except TypeError as error:
        with_ = ", ".join(hook.arguments) or ("one argument at most" if of_step else "no arguments")
        other = " Of a pipeline's hooks on_init alone is given arguments: on_init_kwargs (init_hook_kwargs)."
        yield OptionError(
            f"{what} can't be called with {with_}: {error}.",
            hint=f"It takes: {', '.join(signature.parameters) or 'nothing'}.{'' if of_step else other}",
            location=place,
        )


def _mistyped_inputs(
    step: StepSpec, definition: StepDefinition, definitions: Mapping[str, StepDefinition], place: Location | None
) -> Iterator[StackyardError]:
    wanted = {parameter.name: parameter.annotation for parameter in definition.signature.parameters}
    for key, ref in step.inputs.items():
        member = _MEMBER.fullmatch(key)
        name = member[1] if member else key
        given = _type_of(ref, definitions)
        asked = wanted.get(name, Any)
        if member:
            asked = element_of(asked)
        if is_mismatch(given, asked):
            source = f"the output {ref.output!r} of step {ref.step!r}"
            if ref.item is not None:
                source = f"item {ref.item} of {source}"
            yield InputError(
                f"The input {key!r} of step {step.name!r} must be {type_text(asked)}; {source} is {type_text(given)}.",
                hint="Pass another output, or correct the annotation that is wrong.",
                location=place,
            )


def _type_of(ref: OutputRef, definitions: Mapping[str, StepDefinition]) -> Any:
    """Return the annotation of what an input takes."""
    source = definitions.get(ref.step)
    outputs = source.signature.outputs if source is not None else ()
    annotation = next((output.annotation for output in outputs if output.name == ref.output), Any)
    return annotation if ref.item is None else element_of(annotation)


def _unstorable_outputs(step: StepSpec, definition: StepDefinition) -> Iterator[StackyardError]:
    place = Location(step.source.file, step.source.line) if step.source.file else None
    function = inspect.unwrap(definition.function)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        yield OptionError(
            f"The step {step.name!r} yields its values; what a step gives is stored as a whole.",
            hint="Return a list.",
            location=place,
        )
        return
    own_materializer = {output.name for output in step.outputs if output.materializers}
    for output in definition.signature.outputs:
        why = "" if output.name in own_materializer else why_never_stored(output.annotation)
        if why:
            yield InputError(
                f"The output {output.name!r} of step {step.name!r} can't be stored: {why}.",
                hint="Return the data itself; open, start or lock in the step that uses it.",
                location=place,
            )


def _unusable_options(step: StepSpec, places: OptionPlaces, source_root: Path) -> Iterator[StackyardError]:
    for event, hook in step.hooks.items():
        said = places.of(step, (f"{event}_hook_source",))
        yield from check_hook(hook, f"The hook on_{event} of {said.owner}", said.place)
    yield from _unknown_outputs(step, places)
    for output in step.outputs:
        for source in output.materializers:
            problem = _why_no_class(source)
            if problem:
                yield OptionError(
                    f"The materializer {source} for the output {output.name!r} of step {step.name!r} {problem}.",
                    hint=f"Name a class at the top level of a module. {HOW}",
                    location=places.of(step, ("outputs", output.name, "materializer_source")).place,
                )
    if step.cache_policy is not None:
        yield from _absent_dependencies(step, step.cache_policy, places, source_root)
    memory = step.resources.memory if step.resources is not None else None
    if memory and (have := _memory_of_this_machine()) and _bytes(memory) > have:
        said = places.of(step, ("resources", "memory"), ("settings", "resources", "memory"))
        yield OptionError(
            f"{said.subject} asks for {memory.strip()} of memory; this machine has {have / 10**9:.1f} GB.",
            hint="Ask for less, or run it on another machine.",
            location=said.place,
        )


def _unknown_outputs(step: StepSpec, places: OptionPlaces) -> Iterator[StackyardError]:
    """Yield the outputs that a step's sections of the run configuration name, and that it does not have."""
    known = [output.name for output in step.outputs]
    for section in dict.fromkeys([step.mapped_from, step.name]):
        for name in places.configuration.keys("steps", section, "outputs") if section else ():
            if name not in known:
                yield RunConfigurationError(
                    f"The run configuration names the output {name!r} of the step {section!r}, which it does not have.",
                    hint=f"{did_you_mean(name, known)} Its outputs: {', '.join(known) or 'none'}.".strip(),
                    location=places.configuration.location("steps", section, "outputs", name),
                )


def _why_no_class(source: str) -> str:
    try:
        found = registered.by_reference(source) or find_object(source)
        return misfit(found) if isinstance(found, type) else "is no class"
    except DependencyError as error:
        return f"can't be imported: {error}"


def _absent_dependencies(
    step: StepSpec, policy: CachePolicy, places: OptionPlaces, source_root: Path
) -> Iterator[StackyardError]:
    """Yield what a cache policy names and is not there; nothing is read or called."""

    def missing(said: Said, error: DependencyError) -> StackyardError:
        return OptionError(
            f"The cache policy of {said.owner} names what is not there: {error}.",
            hint=f"Files are relative to {source_root}; functions are written as module.name.",
            location=said.place,
        )

    for file in policy.file_dependencies or []:
        try:
            resolve_files([file], source_root)
        except DependencyError as error:
            yield missing(places.of(step, ("cache_policy", "file_dependencies")), error)
    sources = [("source_dependencies", source) for source in policy.source_dependencies or []]
    if policy.cache_func:
        sources.append(("cache_func", policy.cache_func))
    for field, source in sources:
        try:
            find_object(source)
        except DependencyError as error:
            yield missing(places.of(step, ("cache_policy", field)), error)


def _bytes(text: str) -> float:
    """Return how many bytes ``8GB`` or ``512MiB`` are."""
    found = re.fullmatch(r"\s*([\d.]+)\s*([KMGTP]?)(i?)B\s*", text)
    if found is None:  # ResourceSettings lets nothing else pass
        return 0.0
    power = _UNITS.index(found[2])
    return float(found[1]) * float(1024**power if found[3] else 1000**power)


def _memory_of_this_machine() -> int:
    """Return the physical memory in bytes; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0
