"""The cache key: its parts, its digest, and the reason why two keys differ."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import Field

from stackyard.model.base import Persisted, no_entries
from stackyard.model.digest import digest_value
from stackyard.model.enums import MissReason


class CacheKeyParts(Persisted):
    """Everything that decides whether a step's outputs can be reused, each part as a digest or plain text."""

    code: dict[str, str] = Field(default_factory=no_entries)
    """Module to digest of its normalised syntax tree; ``<step>`` for code without a file."""
    parameters: dict[str, str] = Field(default_factory=no_entries)
    """Parameter to digest of its value."""
    inputs: dict[str, str] = Field(default_factory=no_entries)
    """Input to materializer, type and digest of the version's content, or ``version:<id>`` where bytes of equal values
    differ."""
    outputs: dict[str, str] = Field(default_factory=no_entries)
    """Output to the materializer it is stored with; empty means chosen by the value's type."""
    materializers: dict[str, str] = Field(default_factory=no_entries)
    """Materializer class of a user's that may store the outputs to digest of its code."""
    environment: dict[str, str] = Field(default_factory=no_entries)
    """Environment variable of the step to digest of its value."""
    python: str = ""
    """``major.minor``."""
    artifact_store_id: str = ""
    secrets: dict[str, str] = Field(default_factory=no_entries)
    """Secret of the step to its place among them; never anything of its values."""
    experiment_tracker: str = ""
    """Id of the component that follows the step, so that a step that is tracked for the first time really runs."""
    policy: dict[str, str] = Field(default_factory=no_entries)
    """What the step's cache policy adds, in words (``file data.csv``), to digest."""

    def digest(self) -> str:
        """Return the cache key."""
        parts = {**self.__dict__, **(self.__pydantic_extra__ or {})}  # all JSON values: model_dump would only copy
        for later in ("secrets", "experiment_tracker", "policy", "materializers"):
            # Steps without them keep the keys of older catalogs.
            if not parts[later]:
                del parts[later]
        return digest_value("cache-key/1", parts)


class ChangedPart(NamedTuple):
    """Something that two keys differ in."""

    part: str
    """Field of :class:`CacheKeyParts`."""
    name: str
    """Which of them: a parameter, an input, a label of code; empty where there is only one."""
    reason: MissReason


_ORDER = (
    ("code", MissReason.CODE_CHANGED, "code of"),
    ("parameters", MissReason.PARAMETER_CHANGED, "parameter"),
    ("inputs", MissReason.INPUT_CHANGED, "input"),
    ("outputs", MissReason.CODE_CHANGED, "output"),
    ("materializers", MissReason.MATERIALIZER_CHANGED, "materializer"),
    ("policy", MissReason.POLICY_CHANGED, ""),
    ("environment", MissReason.ENVIRONMENT_CHANGED, "environment variable"),
    ("secrets", MissReason.ENVIRONMENT_CHANGED, "the step's use of secret"),
)
"""Parts with names, the strongest reason first, and how they are spoken of."""
OF_VALUE = " (its value)"
"""What the labels of code end in that stand for the value of a name."""
NOT_COMPARABLE = "not comparable: "
"""What stands in place of the digest of such a value begins with, if it can't be compared with an earlier one; the
reason comes after it, and a mark in brackets that is another one each time."""
FILE_PART = "file "
"""What the names of files in ``policy`` begin with."""


def changed_parts(old: CacheKeyParts, new: CacheKeyParts) -> list[ChangedPart]:
    """Return everything in which two keys differ, the strongest reason first."""
    found: list[ChangedPart] = []
    for part, reason, _ in _ORDER:
        before, after = getattr(old, part), getattr(new, part)
        names = (name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name))
        found.extend(ChangedPart(part, name, _nearer(part, name, before, after) or reason) for name in names)
    if old.experiment_tracker != new.experiment_tracker:
        found.append(ChangedPart("experiment_tracker", "", MissReason.ENVIRONMENT_CHANGED))
    if old.python != new.python:
        found.append(ChangedPart("python", "", MissReason.PYTHON_CHANGED))
    return found


def _nearer(part: str, name: str, before: dict[str, str], after: dict[str, str]) -> MissReason | None:
    """Return a reason that says more than that of the part, if there is one."""
    if part == "policy" and name.startswith(FILE_PART):
        return MissReason.FILE_CHANGED
    if part == "outputs" and name in before and name in after:
        stored = [each[name].partition(",")[2] for each in (before, after)]  # behind the artifact's name
        return MissReason.MATERIALIZER_CHANGED if stored[0] != stored[1] else None
    return None


def explain_miss(old: CacheKeyParts | None, new: CacheKeyParts) -> tuple[MissReason, str]:
    """Return why ``new`` is not ``old``, the strongest reason first, with what changed by name."""
    changed = changed_parts(old, new) if old is not None else []
    if old is None or not changed:
        return MissReason.NEVER_RAN, "no earlier run of this step in this artifact store"
    first = changed[0]
    if first.part == "python":
        return first.reason, f"Python {old.python} became {new.python}"
    if first.part == "experiment_tracker":
        return first.reason, "the step's experiment tracker changed"
    names = [c.name for c in changed if (c.part, c.reason) == (first.part, first.reason)]
    if first.part == "code":
        # A value that changes with its code says no more than that.
        names = [name for name in names if not name.endswith(OF_VALUE)] or names
        doubt = new.code.get(names[0], "")
        if doubt.startswith(NOT_COMPARABLE):
            why = doubt.removeprefix(NOT_COMPARABLE).rpartition(" (")[0]
            return first.reason, f"the value of {names[0].removesuffix(OF_VALUE)} can't be compared with others: {why}"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    word = next(word for part, _, word in _ORDER if part == first.part)
    return first.reason, f"{word} {shown} changed".lstrip()
