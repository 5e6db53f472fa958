"""What a flavor is: a name, a component type, a configuration model, a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError
from stackyard.model.names import did_you_mean


class ComponentConfiguration(BaseModel):
    """Base of the flavors' configuration models; the fields' docstrings are shown to users."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


@dataclass(frozen=True)
class Flavor:
    """An implementation of a component type."""

    name: str
    component_type: ComponentType
    configuration_model: type[ComponentConfiguration]
    doc: str
    """One sentence: what it does."""
    requirements: tuple[str, ...] = field(default=())

    def validate(self, configuration: dict[str, Any], what: str) -> dict[str, Any]:
        """Return the configuration as JSON values, defaults left out.

        Args:
            configuration: field to value; texts from the command line are converted.
            what: the component in words, for messages.

        Raises:
            ComponentConfigurationError: an unknown field or a value that the flavor refuses.
        """
        known = list(self.configuration_model.model_fields)
        for key in configuration:
            if key not in known:
                raise ComponentConfigurationError(
                    f"The {what} can't have the attribute {key!r}: flavor {self.name!r} does not know it.",
                    hint=f"{did_you_mean(key, known)} Attributes: {', '.join(known) or 'none'}.".strip(),
                )
        try:
            model = self.configuration_model.model_validate(configuration)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(str(part) for part in problem["loc"])
            raise ComponentConfigurationError(
                f"The {what} can't have {where}={problem['input']!r}: {problem['msg']}.",
                hint=f"See: stackyard {self.component_type.command} register --help",
            ) from error
        return model.model_dump(mode="json", exclude_defaults=True)

    def complete(self, configuration: dict[str, Any]) -> dict[str, Any]:
        """Return a stored configuration with its defaults; one that no longer validates as it is stored."""
        try:
            return self.configuration_model.model_validate(configuration).model_dump(mode="json")
        except ValidationError:
            return dict(configuration)
