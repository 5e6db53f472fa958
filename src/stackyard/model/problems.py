"""Everything that is wrong with a pipeline before it runs, told at once.

Invariant: a problem is an error of the tree; one alone is raised as itself, several as PipelineValidationError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from stackyard.model.errors import PipelineValidationError, StackyardError


class Problems:
    """Collects errors."""

    def __init__(self) -> None:
        """Start without any."""
        self._errors: list[StackyardError] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._errors)

    def __iter__(self) -> Iterator[StackyardError]:
        """Yield them in the order of the text: file by file, each from top to bottom; those of no place last."""
        files = {e.location.file: -i for i, e in reversed(list(enumerate(self._errors))) if e.location}

        def place(error: StackyardError) -> tuple[int, int, int]:
            where = error.location
            return (-files[where.file], where.line, where.column) if where else (len(self._errors), 0, 0)

        return iter(sorted(self._errors, key=place))

    def add(self, error: StackyardError) -> None:
        """Note a problem; the same one is noted once, and what is a collection comes in as its members."""
        if isinstance(error, PipelineValidationError) and error.errors:
            for member in error.errors:
                self.add(member)
        elif error.as_dict() not in [known.as_dict() for known in self._errors]:
            self._errors.append(error)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note what is raised inside, and go on after it."""
        try:
            yield
        except StackyardError as error:
            self.add(error)

    def raise_any(self, what: str) -> None:
        """Raise what was found, if anything.

        Args:
            what: the thing that is wrong, as a sentence begins: ``The pipeline 'training' can't run``.

        Raises:
            StackyardError: the problem, when there is one.
            PipelineValidationError: with all of them in ``details["problems"]``, when there are several.
        """
        if len(self._errors) == 1:
            raise self._errors[0]
        if self._errors:
            found = list(self)
            error = PipelineValidationError(
                f"{what}: {len(found)} problems.", hint="Nothing ran. Mend them and run again.",
                problems=[each.as_dict() for each in found],
            )  # fmt: skip
            error.errors = tuple(found)
            raise error
