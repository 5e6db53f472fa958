"""What steps and pipelines say about the stack: settings for its components, secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.model.errors import DefinitionError, Location, SettingsError
from stackyard.model.graph import GivenSettings

Settings = Mapping[str, Any]
"""``type`` or ``type.flavor`` to a mapping of settings, or to the flavor's settings model."""


def given_settings(settings: object, owner: str, location: Location | None) -> list[GivenSettings]:
    """Return settings as they are recorded; nothing when there are none.

    Args:
        settings: what the user wrote.
        owner: "step 'x'" or "pipeline 'x'", for messages.
        location: where.

    Raises:
        SettingsError: they are no mapping of mappings.
    """
    if not settings:
        return []
    values: dict[str, dict[str, Any]] = {}
    for key, value in settings.items() if isinstance(settings, Mapping) else [("settings", None)]:
        dump = getattr(value, "model_dump", None)
        plain = dump(mode="json", exclude_unset=True) if callable(dump) else value
        if not isinstance(plain, Mapping):
            raise SettingsError(
                f"The settings of {owner} must map a component type to its settings.",
                hint='Write: settings={"orchestrator": {"max_workers": 4}}',
                location=location,
            )
        values[str(key)] = {str(name): _as_json(setting, owner, location) for name, setting in plain.items()}
    return [GivenSettings(values=values, file=location.file if location else "", line=location.line if location else 0)]


def _as_json(setting: Any, owner: str, location: Location | None) -> Any:
    try:
        return to_jsonable_python(setting)
    except (PydanticSerializationError, ValueError) as error:
        raise SettingsError(
            f"The settings of {owner} hold a {type(setting).__name__}, which is no JSON value.",
            hint="Use numbers, texts, lists and dicts.",
            location=location,
        ) from error


def secret_names(secrets: Sequence[str] | None, owner: str, location: Location | None) -> list[str]:
    """Return the names of secrets without repeats.

    Raises:
        DefinitionError: they are no list of texts.
    """
    if secrets is None:
        return []
    if isinstance(secrets, str) or not all(isinstance(name, str) for name in secrets):
        raise DefinitionError(
            f"secrets= of {owner} must be a list of names of secrets.",
            hint='Write: secrets=["my_secret"]',
            location=location,
        )
    return without_repeats(secrets)


def tracker_choice(choice: object, owner: str, location: Location | None) -> str | bool | None:
    """Return which experiment tracker a step names.

    Raises:
        DefinitionError: it is neither a name nor True or False.
    """
    if choice is None or isinstance(choice, (str, bool)):
        return choice
    raise DefinitionError(
        f"experiment_tracker= of {owner} is a {type(choice).__name__}.",
        hint="Write the name of the stack's experiment tracker, or True for whichever it has.",
        location=location,
    )


def without_repeats(names: Iterable[str]) -> list[str]:
    """Return names, each at its first place."""
    return list(dict.fromkeys(names))
