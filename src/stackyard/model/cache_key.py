"""The cache key: its parts, its digest, and the reason why two keys differ."""

from __future__ import annotations

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


def explain_miss(old: CacheKeyParts | None, new: CacheKeyParts) -> tuple[MissReason, str]:
    """Return why ``new`` is not ``old``, the strongest reason first, with what changed by name."""
    if old is None:
        return MissReason.NEVER_RAN, "no earlier run of this step in this artifact store"
    for reason, word, before, after in (
        (MissReason.CODE_CHANGED, "code of", old.code, new.code),
        (MissReason.PARAMETER_CHANGED, "parameter", old.parameters, new.parameters),
        (MissReason.INPUT_CHANGED, "input", old.inputs, new.inputs),
        (MissReason.CODE_CHANGED, "output", old.outputs, new.outputs),
        (MissReason.MATERIALIZER_CHANGED, "materializer", old.materializers, new.materializers),
        (MissReason.INPUT_CHANGED, "", old.policy, new.policy),
        (MissReason.ENVIRONMENT_CHANGED, "environment variable", old.environment, new.environment),
        (MissReason.ENVIRONMENT_CHANGED, "the step's use of secret", old.secrets, new.secrets),
    ):
        changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        if changed:
            shown = ", ".join(changed[:3]) + (f" and {len(changed) - 3} more" if len(changed) > 3 else "")
            return reason, f"{word} {shown} changed".lstrip()
    if old.experiment_tracker != new.experiment_tracker:
        return MissReason.ENVIRONMENT_CHANGED, "the step's experiment tracker changed"
    if old.python != new.python:
        return MissReason.ENVIRONMENT_CHANGED, f"Python {old.python} became {new.python}"
    return MissReason.NEVER_RAN, "no earlier run of this step in this artifact store"
