"""What calling a step inside a pipeline returns: handles of outputs that do not exist yet."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from typing_extensions import Self

from stackyard.authoring.frames import caller
from stackyard.model.digest import digest_value
from stackyard.model.errors import DefinitionError, InputError
from stackyard.model.graph import OutputRef
from stackyard.model.names import with_article
from stackyard.model.plain import is_plain

if TYPE_CHECKING:
    from stackyard.authoring.recorder import Recorder

_NOTHING: Any = object()


class ValueSource(Protocol):
    """Who runs the pipeline while its function goes on, and so knows values."""

    def load(self, ref: OutputRef) -> Any:
        """Wait until the step ended, and return the whole value of its output.

        Raises:
            StepFailedError: the step did not end well.
            RunStoppedError: the run was stopped.
        """

    def wait(self, step: str) -> None:
        """Wait until a step ended.

        Raises:
            StepFailedError: it did not end well.
            RunStoppedError: the run was stopped.
        """


def _misused(what: str, example: str) -> DefinitionError:
    return DefinitionError(
        f"{what} was asked for its value as if it were there.",
        hint=f"Load it first, which waits for the step: {example}",
        location=caller(),
    )


class _NoLengthError(DefinitionError, TypeError):
    """A TypeError too: ``list(handle)`` asks for a length first and takes only that for "there is none"."""


class _OfStep:
    """What a step's outputs, one or all, can be waited for with."""

    step_name: str
    _recorder: Recorder

    def wait(self) -> None:
        """Wait until the step has ended well; raises as a handle's ``load``."""
        self._recorder.value_source(self).wait(self.step_name)

    def result(self) -> Self:
        """Wait for the step; return what was waited with."""
        self.wait()
        return self

    def artifacts(self) -> Self:
        """Wait for the step; return what was waited with, which steps take as the artifacts."""
        return self.result()


class OutputHandle(_OfStep):
    """An output of a recorded step, or one member of it; pass it to other steps, or load its value."""

    def __init__(
        self, step: str, output: str, recorder: Recorder, *, item: int | None = None, item_digest: str = "",
        value: Any = _NOTHING,
    ) -> None:  # fmt: skip
        """Name the output.

        Args:
            step: name of the step.
            output: name among its outputs.
            recorder: the pipeline call that it belongs to.
            item: which member of the value is meant; None: the whole.
            item_digest: digest of that member, when it is known and a JSON value.
            value: that member, when it is known.
        """
        self.step_name = step
        self.output_name = output
        self.item = item
        self._item_digest = item_digest
        self._recorder = recorder
        self._value = value

    @property
    def ref(self) -> OutputRef:
        """Return the output as the graph names it."""
        return OutputRef(step=self.step_name, output=self.output_name, item=self.item, item_digest=self._item_digest)

    def belongs_to(self, recorder: Recorder) -> bool:
        """Tell whether it comes from this call of a pipeline."""
        return self._recorder is recorder

    def load(self, disable_cache: bool = False) -> Any:  # noqa: ARG002  # ZenML's keyword, without effect
        """Wait for the step and return the value.

        Raises:
            StepFailedError: the step did not end well.
            RunStoppedError: the run was stopped.
            DefinitionError: the pipeline is only recorded, nothing runs.
        """
        if self._value is not _NOTHING:
            return self._value
        whole = self._recorder.value_source(self).load(OutputRef(step=self.step_name, output=self.output_name))
        if self.item is None:
            return whole
        members = _members(self, whole)
        if not -len(members) <= self.item < len(members):
            raise InputError(
                f"{self!r} does not exist: the value has {len(members)} members.",
                hint="The first one has the number 0.",
                location=caller(),
            )
        return members[self.item]

    def chunk(self, index: Any) -> OutputHandle:
        """Return a handle of one member of the value, a list or tuple; the first is 0.

        Raises:
            InputError: the index is no number from 0 on, or this is a member already.
        """
        if isinstance(index, bool) or not isinstance(index, int) or index < 0 or self.item is not None:
            what = "is a member of an output itself" if self.item is not None else f"has no member {index!r}"
            raise InputError(f"{self!r} {what}.", hint="Members are numbered from 0 on.", location=caller())
        return OutputHandle(self.step_name, self.output_name, self._recorder, item=index)

    def items(self) -> list[OutputHandle]:
        """Wait for the step and return a handle of each member of its value.

        Raises:
            InputError: the value is no list, tuple or array.
            Others: as :meth:`load`.
        """
        if self.item is not None:
            raise InputError(
                f"{self!r} can't be looped over: it is a member of an output itself.",
                hint="Load it: for value in handle.load()",
                location=caller(),
            )
        members = _members(self, self.load())
        return [
            OutputHandle(
                self.step_name, self.output_name, self._recorder, item=place, value=member,
                item_digest=digest_value("item/1", member) if is_plain(member) else "",
            )
            for place, member in enumerate(members)
        ]  # fmt: skip

    def __iter__(self) -> Iterator[OutputHandle]:
        """Wait for the step and yield a handle of each member of its value."""
        if not self._recorder.runs:
            raise DefinitionError(
                f"{self!r} can't be unpacked or looped over: its value is known only while the pipeline runs.",
                hint='If the step has several outputs, annotate them: -> tuple[Annotated[A, "a"], Annotated[B, "b"]].',
                location=caller(),
                dynamic=True,
            )
        return iter(self.items())

    def __await__(self) -> Generator[None, None, Self]:
        """Allow ``await`` of an async step: in a pipeline that gives its handle."""
        yield from ()
        return self

    def __repr__(self) -> str:
        """Show step and output."""
        member = f"member {self.item} of " if self.item is not None else ""
        return f"<{member}output {self.output_name!r} of step {self.step_name!r}>"

    def __hash__(self) -> int:
        """Allow handles in sets and as keys, by identity."""
        return id(self)

    def __bool__(self) -> bool:
        """Refuse: a handle is no value."""
        raise _misused(repr(self), "if handle.load(): ...")

    def __eq__(self, other: object) -> bool:
        """Refuse: a handle is no value."""
        raise _misused(repr(self), "handle.load() == ...")

    def __len__(self) -> int:
        """Refuse: a handle is no value."""
        error = _misused(repr(self), "len(handle.load())")
        raise _NoLengthError(error.message, hint=error.hint, location=error.location)

    def __contains__(self, member: object) -> bool:
        """Refuse: a handle is no value."""
        raise _misused(repr(self), "... in handle.load()")

    def __getitem__(self, key: object) -> NoReturn:
        """Refuse: a handle is no value."""
        raise _misused(repr(self), f"handle.load()[{key!r}], or take a member without loading: handle.chunk(0)")

    def __format__(self, spec: str) -> str:
        """Refuse: a text would hold the handle's name where the value is meant."""
        raise _misused(repr(self), 'f"... {handle.load()}" (or f"{handle!r}" for the handle itself)')

    def __getattr__(self, name: str) -> NoReturn:
        """Say that the value is not there; an AttributeError, as ``hasattr`` needs it."""
        known = self.__dict__
        raise AttributeError(
            f"The output {known.get('output_name')!r} of step {known.get('step_name')!r} is a handle and has no "
            f"attribute {name!r}. Load the value first, which waits for the step: handle.load().{name}"
        )


def _refusing(example: str) -> Callable[..., NoReturn]:
    def refuse(self: OutputHandle, *_: object) -> NoReturn:
        """Refuse: a handle is no value."""
        raise _misused(repr(self), example)

    return refuse


for _sign, _names in {
    "+": ("__add__", "__radd__"), "-": ("__sub__", "__rsub__"), "*": ("__mul__", "__rmul__"),
    "/": ("__truediv__", "__rtruediv__"), "<": ("__lt__",), "<=": ("__le__",), ">": ("__gt__",), ">=": ("__ge__",),
}.items():  # fmt: skip
    for _name in _names:
        setattr(OutputHandle, _name, _refusing(f"handle.load() {_sign} ..."))
for _name in ("int", "float"):
    setattr(OutputHandle, f"__{_name}__", _refusing(f"{_name}(handle.load())"))


def _members(handle: OutputHandle, value: Any) -> Any:
    """Return the value if it has members by number.

    Raises:
        InputError: it is no list, tuple or array.
    """
    kind = type(value)
    if isinstance(value, (list, tuple, range)) or (kind.__module__ == "numpy" and getattr(value, "ndim", 0) > 0):
        return value
    raise InputError(
        f"{handle!r} is {with_article(kind.__name__)}, which has no members to loop over or to map.",
        hint="Return a list, tuple or array from the step, or load the value: handle.load()",
        location=caller(),
    )


class OutputHandles(_OfStep, tuple[OutputHandle, ...]):  # noqa: SLOT001  # a tuple can have no slots of its own
    """The outputs of a step that has several, or none; unpack them by position, or name them."""

    def __new__(cls, step: str, outputs: list[str], recorder: Recorder) -> Self:
        """Make the handles."""
        made = super().__new__(cls, (OutputHandle(step, output, recorder) for output in outputs))
        made.step_name = step
        made._recorder = recorder
        return made

    def __getnewargs__(self) -> tuple[str, list[str], Recorder]:
        """Support copying."""
        return self.step_name, [handle.output_name for handle in self], self._recorder

    @property
    def outputs(self) -> dict[str, OutputHandle]:
        """Return the outputs by name."""
        return {handle.output_name: handle for handle in self}

    def get_artifact(self, key: str) -> OutputHandle:
        """Return an output by name.

        Raises:
            InputError: there is no such output.
        """
        if key not in self.outputs:
            raise InputError(
                f"Step {self.step_name!r} has no output {key!r}.",
                hint=f"Its outputs: {', '.join(self.outputs) or 'none'}.",
                location=caller(),
            )
        return self.outputs[key]

    def load(self, disable_cache: bool = False) -> tuple[Any, ...] | None:  # noqa: ARG002  # ZenML's keyword
        """Wait for the step and return its values; None when it has no outputs. Raises as a handle's ``load``."""
        if not len(self):
            self.wait()
            return None
        return tuple(handle.load() for handle in self)

    def __await__(self) -> Generator[None, None, Self]:
        """Allow ``await`` of an async step: in a pipeline that gives its handles."""
        yield from ()
        return self

    def __bool__(self) -> bool:
        """Refuse: handles are no values."""
        raise _misused(f"What step {self.step_name!r} returns", "if handle.load(): ...")
