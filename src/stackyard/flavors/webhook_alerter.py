"""How a run ended, posted to a URL."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from stackyard.flavors import web
from stackyard.flavors.interfaces import Alerter, Finding, RunAlert
from stackyard.flavors.webhook import WebhookConfiguration
from stackyard.model.errors import ComponentError

PAUSE_S = 0.5
"""Between two attempts."""


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
