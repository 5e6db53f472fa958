"""Flavors from outside, known by their descriptors alone: nothing of theirs is imported here."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from stackyard.flavors.base import (
    missing_attribute,
    refuse_plain_secrets,
    refuse_unknown,
    refuse_unknown_settings,
)
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError, SettingsError
from stackyard.model.flavor import FlavorDescriptor, SettingsScope


class DescribedFlavor:
    """A flavor as its descriptor shows it; the same questions as :class:`~stackyard.flavors.base.Flavor` answers."""

    def __init__(self, descriptor: FlavorDescriptor) -> None:
        """Take the descriptor; its component type must be a known one."""
        self._descriptor = descriptor
        self.name = descriptor.name
        self.component_type = ComponentType(descriptor.component_type)
        self.doc = descriptor.doc
        self.requirements = tuple(descriptor.requirements)
        self.integration = descriptor.integration
        self.source = descriptor.source
        self.settings_scope: SettingsScope = "pipeline" if descriptor.settings_scope == "pipeline" else "step"

    def descriptor(self) -> FlavorDescriptor:
        """Return the descriptor."""
        return self._descriptor

    def validate(self, configuration: dict[str, Any], what: str) -> dict[str, Any]:
        """Return the configuration as JSON values, defaults left out; as ``Flavor.validate`` does.

        Raises:
            ComponentConfigurationError: an unknown field or a value that the schema refuses.
            SecretReferenceError: a plain text for a field that takes a reference to a secret.
        """
        schema = self._descriptor.configuration_schema
        properties = schema.get("properties", {})
        refuse_unknown(configuration, list(properties), what, self.name)
        converted = {key: _convert(value, properties[key]) for key, value in configuration.items()}
        refuse_plain_secrets(converted, [n for n, p in properties.items() if p.get("secret")], what)
        missing = [name for name in schema.get("required", []) if name not in converted]
        if missing:
            raise missing_attribute(missing[0], what, self.component_type)
        problem = _problem(schema, converted) or _not_json(converted)
        if problem:
            raise ComponentConfigurationError(
                f"The {what} can't have this configuration: {problem}.",
                hint=f"See: stackyard {self.component_type.command} flavor describe {self.name}",
            )
        return {k: v for k, v in converted.items() if "default" not in properties[k] or v != properties[k]["default"]}

    def validate_settings(self, settings: dict[str, Any], what: str) -> dict[str, Any]:
        """Return settings as JSON values.

        Raises:
            SettingsError: an unknown field or a value that the schema refuses.
        """
        schema = self._descriptor.settings_schema or {}
        properties = schema.get("properties", {})
        refuse_unknown_settings(settings, list(properties), what, self.name)
        problem = _problem(schema, settings) if schema else ""
        if problem:
            raise SettingsError(f"The {what} can't be like this: {problem}.", hint="Correct the value.")
        return dict(settings)

    def complete(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a stored configuration with the defaults that the schema names."""
        properties = self._descriptor.configuration_schema.get("properties", {})
        found = {name: p["default"] for name, p in properties.items() if "default" in p}
        return {**found, **configuration}


def _convert(value: Any, schema: dict[str, Any]) -> Any:
    """Return a text of the command line as the JSON value that the schema asks for; other values as they are."""
    if not isinstance(value, str):
        return value
    types = {schema.get("type")} | {option.get("type") for option in schema.get("anyOf", [])}
    if "string" in types or not types - {None}:
        return value
    try:
        return json.loads(value.lower() if "boolean" in types else value)
    except ValueError:
        return value


def _problem(schema: dict[str, Any], values: dict[str, Any]) -> str:
    """Return what a JSON schema has against values, or an empty text."""
    import fastjsonschema  # noqa: PLC0415  # only flavors from outside need it

    try:
        check = _compiled(json.dumps(schema))
    except Exception:  # noqa: BLE001  # pydantic's patterns know more than Python's; the flavor itself checks them
        return ""
    try:
        check(values)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error.message).replace("data.", "", 1)
    return ""


def _not_json(values: dict[str, Any]) -> str:
    """Return why values can't be kept: the registry would have null in the place of such a number."""
    for name, value in values.items():
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            return f"{name} must be a finite number"
    return ""


@functools.lru_cache(maxsize=64)
def _compiled(schema: str) -> Callable[[Any], Any]:
    import fastjsonschema  # noqa: PLC0415

    compiled: Callable[[Any], Any] = fastjsonschema.compile(json.loads(schema), use_default=False)
    return compiled
