"""What a flavor is: a name, a component type, a configuration model, a sentence, and what makes the component.

A package brings flavors as objects of :class:`Flavor`, named by entry points of the group ``stackyard.flavors``::

    [project.entry-points."stackyard.flavors"]
    blob = "blob_store.flavor:BLOB_STORE"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError, SecretReferenceError, SettingsError
from stackyard.model.flavor import FlavorDescriptor, SettingsScope
from stackyard.model.names import did_you_mean
from stackyard.model.secret import broken_reference_in, is_reference, references_in

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LOGIN_IN_URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^/@:]*:([^/@]+)@"
_PARAMETER = r"[?&]([^=&#]+)=([^&#]+)"
_SENSITIVE = r"(?i)authorization|cookie|token|secret|passw|pwd|(?<!ssl)(?<!ssl_)key"
ENTRY_POINT_GROUP = "stackyard.flavors"
MAX_SHOWN = 100
"""Characters of a refused value."""


class ComponentConfiguration(BaseModel):
    """Base of the flavors' configuration and settings models; the fields' docstrings are shown to users."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


def secret_field(**options: Any) -> Any:
    """Return a field that takes a reference to a secret (``"{{name.key}}"``) and no plain text; default None."""
    return Field(default=options.pop("default", None), json_schema_extra={"secret": True}, **options)


class Flavor(NamedTuple):
    """An implementation of a component type."""

    name: str
    component_type: ComponentType
    configuration_model: type[ComponentConfiguration]
    doc: str
    """One sentence: what it does."""
    requirements: tuple[str, ...] = ()
    """What must be installed where it runs, as pip takes it."""
    integration: str = ""
    """Name of the integration that installs the requirements."""
    settings_model: type[ComponentConfiguration] | None = None
    """What code and run configuration may say; None: nothing."""
    settings_scope: SettingsScope = "step"
    implementation: str = ""
    """``module:attribute``, imported when a component is used and called with the validated configuration model; for
    an artifact store it returns an ArtifactStore, for the others see :mod:`stackyard.flavors.interfaces`."""
    source: str = ""
    """``module:attribute`` of this object; empty for the flavors that come with Stackyard."""
    resolve: Callable[[dict[str, Any], Path, str], None] | None = None
    """Fills into a complete configuration, in place, what depends on Stackyard's home (its folder) and on the
    component (its id)."""

    def validate(self, configuration: dict[str, Any], what: str) -> dict[str, Any]:
        """Return the configuration as JSON values, defaults left out.

        Args:
            configuration: field to value; texts from the command line are converted.
            what: the component in words, for messages.

        Raises:
            ComponentConfigurationError: an unknown field or a value that the flavor refuses.
            SecretReferenceError: a plain text for a field that takes a reference to a secret.
        """
        known = list(self.configuration_model.model_fields)
        refuse_unknown(configuration, known, what, self.name)
        secret = [n for n, f in self.configuration_model.model_fields.items() if _is_secret(f.json_schema_extra)]
        fields = self.configuration_model.model_fields
        converted = {name: _converted(value, fields[name].annotation) for name, value in configuration.items()}
        refuse_plain_secrets(converted, secret, what)
        try:
            model = self.configuration_model.model_validate(converted)
        except ValidationError as error:
            raise wrong_value(error.errors()[0], what, self.component_type) from error
        return model.model_dump(mode="json", exclude_defaults=True)

    def validate_settings(self, settings: dict[str, Any], what: str) -> dict[str, Any]:
        """Return settings as JSON values, defaults left out.

        Args:
            settings: field to value.
            what: what they are for, for messages: ``settings "orchestrator" of step 'train'``.

        Raises:
            SettingsError: an unknown field or a value that the flavor refuses.
        """
        known = list(self.settings_model.model_fields) if self.settings_model else []
        refuse_unknown_settings(settings, known, what, self.name)
        if self.settings_model is None:
            return {}
        try:
            model = self.settings_model.model_validate(settings)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise SettingsError(
                f"The {what} can't have {where}={_shown(problem)}: {_why(problem)}.", hint="Correct the value."
            ) from error
        return model.model_dump(mode="json", exclude_unset=True)

    def complete(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a stored configuration with its defaults; one that no longer validates as it is stored."""
        try:
            return self.configuration_model.model_validate(configuration).model_dump(mode="json")
        except ValidationError:
            return dict(configuration)

    def descriptor(self) -> FlavorDescriptor:
        """Return what others may know of it without importing it."""
        from stackyard.flavors.docs import schema_of  # noqa: PLC0415  # schemas are slow to make; few commands need one

        return FlavorDescriptor(
            name=self.name,
            component_type=self.component_type,
            doc=self.doc,
            source=self.source,
            requirements=list(self.requirements),
            integration=self.integration,
            configuration_schema=schema_of(self.configuration_model),
            settings_schema=schema_of(self.settings_model) if self.settings_model else None,
            settings_scope=self.settings_scope,
        )


def refuse_unknown(given: dict[str, Any], known: list[str], what: str, flavor: str) -> None:
    """Refuse attributes that a flavor does not know.

    Raises:
        ComponentConfigurationError: naming the nearest one.
    """
    for key in given:
        if key not in known:
            raise ComponentConfigurationError(
                f"The {what} can't have the attribute {key!r}: flavor {flavor!r} does not know it.",
                hint=f"{did_you_mean(key, known)} Attributes: {', '.join(known) or 'none'}.".strip(),
                attribute=key,
            )


def refuse_unknown_settings(given: dict[str, Any], known: list[str], what: str, flavor: str) -> None:
    """Refuse settings that a flavor does not know.

    Raises:
        SettingsError: naming the nearest one.
    """
    for key in given:
        if key not in known:
            raise SettingsError(
                f"The {what} can't have {key!r}: flavor {flavor!r} does not know it.",
                hint=f"{did_you_mean(key, known)} Settings: {', '.join(known) or 'none'}.".strip(),
            )


def refuse_plain_secrets(given: dict[str, Any], secret: list[str], what: str) -> None:
    """Refuse references that name no key, and plain texts where only references to secrets may stand.

    Raises:
        SecretReferenceError: without the text.
    """
    for key, value in given.items():
        broken = broken_reference_in(value)
        if broken is not None:
            raise SecretReferenceError(
                f"The attribute {key!r} of the {what} has {broken[:60]!r} in it, which is no reference to a secret.",
                hint="Write the name of the secret and of its key: {{my_secret.my_key}}",
                attribute=key,
            )
    for key, value in given.items():
        if isinstance(value, str) and (found := re.match(_LOGIN_IN_URL, value)) and "{{" not in found[1]:
            raise SecretReferenceError(
                f"The attribute {key!r} of the {what} has a password in it, which would be stored as plain text.",
                hint="stackyard secret create my_secret, then put {{my_secret.password}} in its place",
                attribute=key,
            )
        named = [(n, part) for n, part in _named_parts(key, value) if re.search(_SENSITIVE, n)]
        plain = [n for n, part in named if not any(references_in(part))]
        if plain:
            raise SecretReferenceError(
                f"The attribute {key!r} of the {what} would store {plain[0][:60]!r} as plain text.",
                hint="stackyard secret create my_secret, then put {{my_secret.my_key}} in the place of its value",
                attribute=key,
            )
    for key in secret:
        if given.get(key) is not None and not is_reference(given[key]):
            raise SecretReferenceError(
                f"The attribute {key!r} of the {what} takes a reference to a secret, not a plain text.",
                hint=f"stackyard secret create my_secret, then --{key}='{{{{my_secret.{key}}}}}'",
                attribute=key,
            )


def _named_parts(attribute: str, value: Any) -> list[tuple[str, Any]]:
    """Return what an attribute's value names: the headers, or the parameters of a URL, with their values."""
    if isinstance(value, dict):
        return [(str(name), part) for name, part in value.items() if part] if attribute == "headers" else []
    return re.findall(_PARAMETER, value) if isinstance(value, str) and "://" in value else []


def wrong_value(problem: ErrorDetails, what: str, component_type: ComponentType) -> ComponentConfigurationError:
    """Return the error for a value that a model refused."""
    where = ".".join(str(part) for part in problem["loc"])
    why = _why(problem)
    if problem["type"] == "missing":
        return missing_attribute(where, what, component_type)
    if where:
        message = f"The {what} can't have {where}={_shown(problem)}: {why}."
    else:
        message = f"The {what} can't be like this: {why}."
    hint = f"See: stackyard {component_type.command} register --help"
    return ComponentConfigurationError(message, hint=hint, attribute=where.split(".", maxsplit=1)[0])


def missing_attribute(name: str, what: str, component_type: ComponentType) -> ComponentConfigurationError:
    """Return the error for an attribute that a flavor can't do without."""
    return ComponentConfigurationError(
        f"The {what} needs the attribute {name!r}.",
        hint=f"See: stackyard {component_type.command} register --help",
        attribute=name,
    )


def _shown(problem: ErrorDetails) -> str:
    text = repr(problem["input"])
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def _why(problem: ErrorDetails) -> str:
    return problem["msg"].removeprefix("Value error, ").rstrip(".")


def _converted(value: Any, annotation: Any) -> Any:
    """Return a list or an object that the command line gave as JSON; other values as they are."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    if not any(get_origin(option) in (list, dict) for option in (annotation, *get_args(annotation))):
        return value
    import json  # noqa: PLC0415  # few fields are of that kind

    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_secret(extra: Any) -> bool:
    return isinstance(extra, dict) and bool(extra.get("secret"))
