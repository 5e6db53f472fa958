"""The alerter flavor ``webhook``: how a run ended, posted to a URL."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from stackyard.flavors import web
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.flavors.interfaces import Alerter, Finding, RunAlert
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentError

PAUSE_S = 0.5
"""Between two attempts."""

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
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers to send; values may be references to secrets."""
    timeout_s: float = Field(default=5.0, gt=0, le=60)
    """Seconds that telling may take, all attempts together."""
    retries: int = Field(default=1, ge=0, le=5)
    """Further attempts after one that got no answer, or an answer that blames the server."""

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        if not value.lstrip().startswith("{{"):
            web.split(value)
        return value


class WebhookAlerter(Alerter):
    """Posts to a URL."""

    def __init__(self, configuration: WebhookConfiguration) -> None:
        """Remember the configuration, with secrets filled in."""
        self._configuration = configuration
        self._place = web.place_of(web.split(configuration.url))

    def run_ended(self, alert: RunAlert) -> None:
        """Post it, if it is one of the events.

        Raises:
            ComponentError: no attempt succeeded.
        """
        configuration = self._configuration
        if alert.status not in configuration.events:
            return
        document = {"text": _text(alert)} if configuration.format == "slack" else _document(alert)
        data = json.dumps(document).encode()
        deadline = time.monotonic() + configuration.timeout_s
        for attempt in range(configuration.retries + 1):
            try:
                self._post(data, deadline - time.monotonic())
            except _RefusedError:
                raise
            except ComponentError:
                if attempt == configuration.retries or time.monotonic() + PAUSE_S >= deadline:
                    raise
                time.sleep(PAUSE_S)
            else:
                return

    def check(self) -> list[Finding]:
        """Look whether something listens; nothing is posted."""
        try:
            web.reach(self._configuration.url, self._configuration.timeout_s)
        except ComponentError as error:
            return [Finding("error", "webhook_unreachable", error.message, error.hint)]
        return [Finding("ok", "webhook_reachable", f"{self._place} takes connections.")]

    def _post(self, data: bytes, timeout_s: float) -> None:
        configuration = self._configuration
        answer = web.request(
            configuration.url,
            timeout_s=timeout_s,
            headers={"Content-Type": "application/json", "User-Agent": "stackyard", **configuration.headers},
            data=data,
        )
        if answer.status < 300:
            return
        said = f"{self._place} answered {answer.status}"
        if answer.status >= 500 or answer.status == 429:
            raise ComponentError(f"{said} to the alert.", hint="See the log of the service behind it.")
        if answer.status < 400:
            raise _RefusedError(f"{said}, a redirect, to the alert.", hint="Update the URL to where it leads.")
        raise _RefusedError(f"{said} to the alert.", hint="Check the URL, the headers and the format.")


class _RefusedError(ComponentError):
    """The same request would be refused again."""


def _document(alert: RunAlert) -> dict[str, Any]:
    document = {k: v for k, v in asdict(alert).items() if k != "settings"}
    return {"event": f"run_{alert.status}", **document}


def _text(alert: RunAlert) -> str:
    text = f"Run {alert.run_name} of pipeline {alert.pipeline} {alert.status} after {alert.duration_s:.1f} s"
    text += f" on stack {alert.stack}."
    if alert.failed_steps:
        text += f"\nFailed: {', '.join(alert.failed_steps)}."
    return f"{text}\n{alert.error}" if alert.error else text


WEBHOOK = Flavor(
    name="webhook",
    component_type=ComponentType.ALERTER,
    configuration_model=WebhookConfiguration,
    doc="Posts JSON to a URL when a run has ended.",
    implementation="stackyard.flavors.webhook:WebhookAlerter",
)
