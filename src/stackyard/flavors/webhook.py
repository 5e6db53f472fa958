"""The alerter flavor ``webhook``: what it takes; :mod:`stackyard.flavors.webhook_alerter` does the work."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.base import no_entries
from stackyard.model.enums import ComponentType

Event = Literal["completed", "failed", "stopped"]


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


class WebhookConfiguration(ComponentConfiguration):
    """Where and when to post."""

    url: str
    """Where to post, http or https. It, or a part of it, may be a reference to a secret."""
    events: Annotated[list[Event], BeforeValidator(_words)] = Field(
        default=["completed", "failed", "stopped"], min_length=1
    )
    """How a run must have ended to be told: completed, failed, stopped."""
    format: Literal["json", "slack"] = "json"
    """json posts everything that is known of the run; slack posts a text as Slack's incoming webhooks take it."""
    headers: dict[str, str] = Field(default_factory=no_entries)
    """Headers to send; values may be references to secrets."""
    timeout_s: float = Field(default=5.0, gt=0, le=30)
    """Seconds that telling may take, all attempts together."""
    retries: int = Field(default=1, ge=0, le=5)
    """Further attempts after one that got no answer, or an answer that blames the server."""

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not value.lstrip().startswith("{{"):
            from stackyard.flavors.web import split  # noqa: PLC0415  # lists of flavors talk to nobody

            split(value)
        return value


WEBHOOK = Flavor(
    name="webhook",
    component_type=ComponentType.ALERTER,
    configuration_model=WebhookConfiguration,
    doc="Posts JSON to a URL when a run has ended.",
    implementation="stackyard.flavors.webhook_alerter:WebhookAlerter",
)
