"""Telling people how a run ended, through the alerter of its stack. Whatever becomes of it, the run stays as it is."""

from __future__ import annotations

import threading

from stackyard.engine.reporter import Reporter
from stackyard.flavors.interfaces import Alerter, RunAlert
from stackyard.flavors.opening import SecretValues, open_component
from stackyard.model.enums import Status
from stackyard.model.job import ComponentSpec
from stackyard.model.names import with_article
from stackyard.model.redaction import Redactor
from stackyard.model.views import RunView

ALERT_TIMEOUT_S = 30.0


def send_alert(
    alerter: ComponentSpec, secrets: SecretValues, redactor: Redactor | None, run: RunView, reporter: Reporter
) -> None:
    """Tell an alerter how a run ended; wait for it a bounded time. A failure is one warning of the reporter.

    Args:
        alerter: the stack's.
        secrets: values for its configuration.
        redactor: masks them in its error.
        run: as it is recorded.
        reporter: takes the warning.
    """
    problem: list[str] = []

    def work() -> None:
        try:
            found = open_component(alerter, secrets)
            if not isinstance(found, Alerter):
                raise TypeError(  # noqa: TRY301
                    f"the flavor {alerter.flavor!r} makes {with_article(type(found).__name__)}, which is no alerter"
                )
            found.run_ended(_alert(run, alerter))
        except Exception as error:  # noqa: BLE001  # an alerter of somebody else's
            problem.append(str(error) or type(error).__name__)

    thread = threading.Thread(target=work, daemon=True)  # one that hangs must not keep the driver
    thread.start()
    thread.join(ALERT_TIMEOUT_S)
    if thread.is_alive():
        problem.append(f"it took longer than {ALERT_TIMEOUT_S:g} s")
    if problem:
        text = " ".join(problem[0].split())
        shown = redactor.clean(text) if redactor else text
        reporter.warning(f"the alerter {alerter.name!r} could not tell how the run ended: {shown}")


def _alert(run: RunView, alerter: ComponentSpec) -> RunAlert:
    return RunAlert(
        run_id=run.id,
        run_name=run.name,
        pipeline=run.pipeline,
        project=run.project,
        stack=run.stack,
        status=run.status.value,
        started_at=run.started_at,
        ended_at=run.ended_at,
        duration_s=run.duration_s or 0.0,
        error=run.error.message if run.error else "",
        failed_steps=tuple(step.name for step in run.steps if step.status is Status.FAILED),
        settings=alerter.settings,
    )
