"""``step.map(...)`` and ``step.product(...)``: one call of a step for each member of what it is given."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from stackyard.authoring.frames import caller
from stackyard.authoring.handles import OutputHandle, OutputHandles
from stackyard.model.errors import InputError
from stackyard.model.record import Record

Result = OutputHandle | OutputHandles


class Unmapped(Record):
    """A value that every call of ``map`` gets as a whole."""

    value: Any


def unmapped(value: Any) -> Unmapped:
    """Give every call of ``step.map(...)`` or ``step.product(...)`` the whole value instead of one member each.

    Example:
        >>> scores = score.map(part=parts, model=unmapped(model))
    """
    return Unmapped(value)


class StepResults(Sequence[Result]):
    """What the calls of a ``map`` return, in order; pass it on as a list input, map over it, or load it."""

    def __init__(self, step: str, results: Sequence[Result]) -> None:
        """Keep the results of the calls of a step."""
        self._step = step
        self._results = tuple(results)

    @property
    def step_names(self) -> tuple[str, ...]:
        """Return the names of the steps."""
        return tuple(result.step_name for result in self._results)

    @property
    def futures(self) -> list[Result]:
        """Return the results as a list."""
        return list(self._results)

    def outputs(self) -> list[OutputHandle]:
        """Return the one output of each call.

        Raises:
            InputError: the step has several outputs, or none.
        """
        if any(isinstance(result, OutputHandles) for result in self._results):
            raise InputError(
                f"The step {self._step!r} that was mapped has not just one output.",
                hint="Take them apart: first, second = results.unpack()",
                location=caller(),
            )
        return [result for result in self._results if isinstance(result, OutputHandle)]

    def unpack(self) -> tuple[list[OutputHandle], ...]:
        """Return a list for each output of the step, with one member a call."""
        rows = [tuple(r) if isinstance(r, OutputHandles) else (r,) for r in self._results]
        return tuple(list(column) for column in zip(*rows, strict=True))

    def load(self, disable_cache: bool = False) -> list[Any]:  # noqa: ARG002  # ZenML's keyword, without effect
        """Wait for the calls and return their values; raises as a handle's ``load``."""
        return [result.load() for result in self._results]

    def wait(self) -> None:
        """Wait until all calls have ended well; raises as a handle's ``load``."""
        for result in self._results:
            result.wait()

    def result(self) -> list[Result]:
        """Wait for the calls; return their results."""
        self.wait()
        return list(self._results)

    def __len__(self) -> int:
        """Return the number of calls."""
        return len(self._results)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> StepResults: ...
    def __getitem__(self, index: int | slice) -> Result | StepResults:
        """Return the result of a call, or of some."""
        if isinstance(index, slice):
            return StepResults(self._step, self._results[index])
        return self._results[index]

    def __iter__(self) -> Iterator[Result]:
        """Yield the results."""
        return iter(self._results)

    def __repr__(self) -> str:
        """Show step and number."""
        return f"<{len(self)} results of step {self._step!r}>"


def calls_of(step: str, given: Mapping[str, Any], *, combine: bool) -> list[dict[str, Any]]:
    """Return the arguments of each call.

    Lists, tuples, results of another ``map`` and outputs of steps (which are waited for) are taken apart; everything
    else, and what is ``unmapped``, goes to every call as it is.

    Args:
        step: name of the step, for messages.
        given: parameter to what was given.
        combine: every combination (``product``) instead of the first of each, the second of each, ... (``map``).

    Raises:
        InputError: nothing can be taken apart, or the lengths differ.
        Others: as a handle's ``load``.
    """
    whole: dict[str, Any] = {}
    members: dict[str, Sequence[Any]] = {}
    for name, value in given.items():
        if isinstance(value, OutputHandle):
            members[name] = value.items()
        elif isinstance(value, OutputHandles):
            raise InputError(
                f"Input {name!r} of step {step!r} was given all outputs of step {value.step_name!r}.",
                hint=f"Pass one of them: {', '.join(value.outputs) or 'it has none'}.",
                location=caller(),
            )
        elif isinstance(value, StepResults):
            members[name] = value.outputs()
        elif isinstance(value, (list, tuple, range)):
            members[name] = value
        else:
            whole[name] = value.value if isinstance(value, Unmapped) else value
    word = "product" if combine else "map"
    if not members:
        raise InputError(
            f"{step}.{word}() was given nothing that has members.",
            hint=f"Pass a list or a step's output for at least one parameter, or call the step: {step}(...)",
            location=caller(),
        )
    lengths = {name: len(values) for name, values in members.items()}
    if not combine and len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise InputError(
            f"{step}.map() was given inputs of different lengths: {told}.",
            hint=f"Make them equally long, wrap what every call should get in unmapped(), or use {step}.product().",
            location=caller(),
        )
    rows = itertools.product(*members.values()) if combine else zip(*members.values(), strict=True)
    return [{**dict(zip(members, row, strict=True)), **whole} for row in rows]
