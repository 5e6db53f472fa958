"""The JSON schema of run configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.api.configuration_values import KINDS, RESOURCES, schema_of_kind
from stackyard.api.context import Context
from stackyard.authoring.vocabulary import RUN_CONFIGURATION, SETTINGS, STEP_CONFIGURATION, Word
from stackyard.flavors.catalogue import known_flavors
from stackyard.model.enums import ComponentType


def run_configuration_schema(ctx: Context) -> dict[str, Any]:
    """Return the JSON schema (draft 07) of run configurations, with the settings of the flavors known here."""
    settings = _settings(ctx)
    section = _section(STEP_CONFIGURATION, settings)
    found = _section(RUN_CONFIGURATION, settings)
    found["properties"]["steps"] = {
        "description": _said(RUN_CONFIGURATION["steps"]), "type": ["object", "null"],
        "additionalProperties": {**section, "type": ["object", "null"]},
    }  # fmt: skip
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Run configuration",
        "description": "How a pipeline runs: stackyard run FILE --config THIS_FILE",
        **found,
    }


def _section(words: Mapping[str, Word], settings: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for key, word in words.items():
        if word.verdict == "refused":
            properties[key] = {"description": f"Refused. {_said(word)}", "type": "null"}
        elif word.verdict == "no effect":
            properties[key] = {"description": f"No effect. {_said(word)}"}
        else:
            schema = settings if key == "settings" else schema_of_kind(KINDS[key])
            properties[key] = {"description": _said(word), "anyOf": [schema, {"type": "null"}]}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _settings(ctx: Context) -> dict[str, Any]:
    flavors = known_flavors(ctx.registry.read().flavors)
    properties: dict[str, Any] = {
        key: {"description": _said(word), **(schema_of_kind(RESOURCES) if key == "resources" else {})}
        for key, word in SETTINGS.items()
    }
    for component_type in ComponentType:
        of_type = [flavor for flavor in flavors if flavor.component_type is component_type]
        properties[component_type.value] = {
            "description": f"Of whatever {component_type.title} the stack has.", "type": ["object", "null"],
        }  # fmt: skip
        for flavor in of_type:
            schema = flavor.descriptor().settings_schema or {"type": "object", "maxProperties": 0}
            properties[f"{component_type.value}.{flavor.name}"] = {**schema, "type": ["object", "null"]}
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _said(word: Word) -> str:
    return word.text.replace("`", "")
