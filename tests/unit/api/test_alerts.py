"""Alerts never hold a run up for long, and never fail it."""

from __future__ import annotations

import threading

import pytest

from stackyard.api import alerts
from stackyard.api.alerts import send_alert
from stackyard.engine.reporter import SilentReporter
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.flavors.interfaces import Alerter, RunAlert
from stackyard.model.enums import ComponentType, Status
from stackyard.model.job import ComponentSpec
from stackyard.model.redaction import Redactor
from stackyard.model.views import RunView

RUN = RunView(id="r", name="training-1", pipeline="training", status=Status.COMPLETED, stack="s", duration_s=1.5)
_told: list[RunAlert] = []
_end = threading.Event()


class HangingAlerter(Alerter):
    def __init__(self, _configuration: ComponentConfiguration) -> None:
        pass

    def run_ended(self, alert: RunAlert) -> None:
        _told.append(alert)
        _end.wait(180)


class NoAlerter:
    def __init__(self, _configuration: ComponentConfiguration) -> None:
        pass


def _flavor(name: str) -> Flavor:
    return Flavor(name, ComponentType.ALERTER, ComponentConfiguration, "", implementation=f"{__name__}:{name}")


HANGING, NONE = _flavor("HangingAlerter"), _flavor("NoAlerter")


class Messages(SilentReporter):
    def __init__(self) -> None:
        self.found: list[str] = []

    def warning(self, text: str) -> None:
        self.found.append(text)


def send(attribute: str, redactor: Redactor | None = None) -> list[str]:
    """Send through a flavor of this module; return what the user is told."""
    reporter = Messages()
    spec = ComponentSpec(
        component_type=ComponentType.ALERTER, component_id="c", name="bell", flavor=attribute,
        source=f"{__name__}:{attribute}", settings={"channel": "ops"},
    )  # fmt: skip
    send_alert(spec, {}, redactor, RUN, reporter)
    return reporter.found


def test_an_alerter_that_hangs_is_left_alone_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "ALERT_TIMEOUT_S", 0.3)
    try:
        (said,) = send("HANGING")
    finally:
        _end.set()
    assert said == "the alerter 'bell' could not tell how the run ended: it took longer than 0.3 s"
    (alert,) = _told
    assert (alert.run_name, alert.status, alert.duration_s) == ("training-1", "completed", 1.5)
    assert alert.settings == {"channel": "ops"}


@pytest.mark.parametrize(("attribute", "why"), [("NONE", "no alerter"), ("ABSENT", "ABSENT")])
def test_what_is_no_alerter_is_one_line_of_warning(attribute: str, why: str) -> None:
    (said,) = send(attribute)
    assert why in said
    assert "\n" not in said


def test_a_secret_in_the_reason_is_masked() -> None:
    (said,) = send("NONE", Redactor(["NoAlerter"]))
    assert "makes a ***, which" in said
