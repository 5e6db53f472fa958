"""What the analyses give: positions, definitions, names, problems."""

from __future__ import annotations

from typing import Literal

from stackyard.model.enums import ComponentType
from stackyard.model.record import Record


class Position(Record):
    """A place between two characters; line and column count from 0, columns in characters (code points)."""

    line: int
    column: int


class Span(Record):
    """A piece of text; the end is exclusive."""

    start: Position
    end: Position

    def contains(self, position: Position) -> bool:
        """Tell whether a position is in the span or at its very end (as a caret can be)."""
        here = (position.line, position.column)
        return (self.start.line, self.start.column) <= here <= (self.end.line, self.end.column)


class Parameter(Record):
    """A parameter of a step or pipeline, as its signature spells it."""

    name: str
    annotation: str
    """Source text; empty without one."""
    default: str | None
    """Source text; None when there is no default."""

    @property
    def required(self) -> bool:
        """Tell whether a caller has to give it."""
        return self.default is None


class Call(Record):
    """A name that a pipeline's body calls, and the name it has where it is defined."""

    local: str
    """As written: ``load`` or the last part of ``steps.load``."""
    original: str
    """The same without an import's alias."""


class Definition(Record):
    """A step or pipeline."""

    kind: Literal["step", "pipeline"]
    name: str
    """``name=`` of the decorator, else the function's name."""
    function: str
    line: int
    """Of the ``def``, counted from 1."""
    column: int
    """Of the function's name, in characters from 0."""
    doc: str
    """First line of the docstring."""
    parameters: tuple[Parameter, ...]
    calls: tuple[tuple[Call, ...], ...] = ()
    """Of a pipeline: for each call in its body, the names along its callee (``steps.load.with_options(...)``)."""


class Problem(Record):
    """Something that can't be read or can't work."""

    line: int
    """Counted from 1."""
    message: str


class ModuleAnalysis(Record):
    """What a Python file defines."""

    definitions: tuple[Definition, ...] = ()
    problems: tuple[Problem, ...] = ()


class NameTarget(Record):
    """A stack, component or flavor that a position in a text names."""

    kind: Literal["stack", "component", "flavor"]
    name: str
    span: Span
    """Of the name itself, without quotes."""
    component_type: ComponentType | None = None
    """Of a component or flavor."""
    certain: bool = True
    """False: the place may mean something else, so an unknown name is not worth a remark."""
    declares: bool = False
    """The place defines the name instead of using it."""
