"""Where options of recorded steps are said, so that what is wrong with one is told there."""

from __future__ import annotations

from typing import NamedTuple

from stackyard.api.run_configuration import RunConfiguration
from stackyard.model.errors import Location
from stackyard.model.graph import StepSpec
from stackyard.model.record import Record


class Said(NamedTuple):
    """Who says an option, and where."""

    owner: str
    """``step 'train'``, or ``every step`` when the whole run configuration says it."""
    place: Location | None

    @property
    def subject(self) -> str:
        """The owner as a sentence begins: ``The step 'train'``."""
        return "Every step" if self.owner == "every step" else f"The {self.owner}"


class OptionPlaces(Record):
    """Finds options in a run configuration, which is stronger than the code."""

    configuration: RunConfiguration

    def of(self, step: StepSpec, *paths: tuple[str, ...]) -> Said:
        """Return who says an option of a step: its section, the whole run configuration, else the call in the code.

        Args:
            step: as it was recorded.
            paths: the keys that lead to the option in a section; the first that is there counts.
        """
        owner = f"step {step.name!r}"
        for name in (step.name, step.mapped_from):
            place = self._find(paths, "steps", name) if name else None
            if place is not None:
                return Said(owner, place)
        place = self._find(paths)
        if place is not None:
            return Said("every step", place)
        return Said(owner, Location(step.file, step.line) if step.file else None)

    def _find(self, paths: tuple[tuple[str, ...], ...], *section: str) -> Location | None:
        if self.configuration.node is None:
            return None
        return next((place for path in paths if (place := self.configuration.find(*section, *path))), None)

    def of_secret(self, step: StepSpec, secret: str) -> Location:
        """Return where it is said that a step needs a secret; lists of secrets are joined: it is looked for in each."""
        for name in (step.name, step.mapped_from):
            if secret in (self.configuration.step(name).get("secrets") or ()):
                return self.configuration.location("steps", name, "secrets")
        if secret in (self.configuration.values.get("secrets") or ()):
            return self.configuration.location("secrets")
        return Location(step.file, step.line)
