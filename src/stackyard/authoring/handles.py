"""What calling a step inside a pipeline returns: handles of outputs that do not exist yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typing_extensions import Self

from stackyard.authoring.frames import caller
from stackyard.model.errors import DefinitionError
from stackyard.model.graph import OutputRef


def _too_early(what: str, how: str) -> DefinitionError:
    return DefinitionError(
        f"{what} was asked for its value while the pipeline is being recorded.",
        hint=f"{how} is known only after the step ran: move the decision into a step.",
        location=caller(),
    )


class OutputHandle:
    """An output of a recorded step; pass it to other steps."""

    def __init__(self, step: str, output: str) -> None:
        """Name the output."""
        self.step_name = step
        self.output_name = output

    @property
    def ref(self) -> OutputRef:
        """Return the output as the graph names it."""
        return OutputRef(step=self.step_name, output=self.output_name)

    def __repr__(self) -> str:
        """Show step and output."""
        return f"<output {self.output_name!r} of step {self.step_name!r}>"

    def __bool__(self) -> bool:
        """Refuse: the value is not known yet."""
        raise _too_early(repr(self), "Whether it is true")

    def __eq__(self, other: object) -> bool:
        """Refuse: the value is not known yet."""
        raise _too_early(repr(self), "Whether it is equal")

    def __hash__(self) -> int:
        """Allow handles in sets and as keys, by identity."""
        return id(self)

    def __iter__(self) -> Iterator[Any]:
        """Refuse: the value is not known yet."""
        raise DefinitionError(
            f"{self!r} can't be unpacked or looped over: the step has one output.",
            hint='Annotate the step\'s outputs: -> tuple[Annotated[A, "a"], Annotated[B, "b"]].',
            location=caller(),
        )


class OutputHandles(tuple[OutputHandle, ...]):  # noqa: SLOT001  # a tuple can have no slots of its own
    """The outputs of a step that has several, or none; unpack them by position, or name them."""

    step_name: str

    def __new__(cls, step: str, outputs: list[str]) -> Self:
        """Make the handles."""
        made = super().__new__(cls, (OutputHandle(step, output) for output in outputs))
        made.step_name = step
        return made

    def __getnewargs__(self) -> tuple[str, list[str]]:
        """Support copying."""
        return self.step_name, [handle.output_name for handle in self]

    @property
    def outputs(self) -> dict[str, OutputHandle]:
        """Return the outputs by name."""
        return {handle.output_name: handle for handle in self}
