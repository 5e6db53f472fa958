"""``CachePolicy`` as users write it: with functions and classes where the recorded policy has their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import field_validator
from typing_extensions import Self

from stackyard.authoring.sources import dotted_name
from stackyard.model.names import with_article
from stackyard.model.options import CachePolicy as RecordedPolicy


class CachePolicy(RecordedPolicy):
    """What a step's cache key is made of.

    ``source_dependencies`` takes modules, classes and functions, ``cache_func`` a function; texts name the same.
    """

    if TYPE_CHECKING:

        def __init__(
            self, *, include_step_code: bool = ..., include_step_parameters: bool = ...,
            include_artifact_values: bool = ..., include_artifact_ids: bool = ...,
            ignored_inputs: list[str] | None = ..., file_dependencies: list[str] | None = ...,
            source_dependencies: Sequence[Any] | None = ..., cache_func: Callable[[], str] | str | None = ...,
            expires_after: float | None = ...,
        ) -> None: ...  # fmt: skip

    @field_validator("source_dependencies", mode="before")
    @classmethod
    def _names(cls, values: Any) -> Any:
        return (
            [dotted_name(v) for v in values] if isinstance(values, Sequence) and not isinstance(values, str) else values
        )

    @field_validator("cache_func", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        return dotted_name(value) if callable(value) else value

    @classmethod
    def default(cls) -> Self:
        """Return the policy of a step that names none."""
        return cls()

    @classmethod
    def from_string(cls, value: str) -> Self:
        """Return the policy of this name; ``default`` is the only one.

        Raises:
            ValueError: there is no such policy.
        """
        if value.lower() != "default":
            raise ValueError(f"there is no cache policy {value!r}: write 'default', or CachePolicy(...)")
        return cls.default()


def read_policy(value: object) -> RecordedPolicy:
    """Return what a user gave as a policy.

    Raises:
        ValueError: it is none (pydantic's ValidationError included).
    """
    if isinstance(value, RecordedPolicy):
        return value
    if isinstance(value, str):
        return CachePolicy.from_string(value)
    if isinstance(value, Mapping):
        return CachePolicy.model_validate(dict(value))
    raise ValueError(f"{with_article(type(value).__name__)} is no cache policy")
