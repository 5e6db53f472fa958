"""Making findings, and telling how bad they are."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.stack_views import CheckView, FindingView, Severity


def fine(subject: str, message: str) -> FindingView:
    """Return that something is as it should be."""
    return FindingView(severity="ok", code="ok", subject=subject, message=message)


def warning(code: str, subject: str, message: str, fix: str) -> FindingView:
    """Return what may become a problem."""
    return FindingView(severity="warning", code=code, subject=subject, message=message, fix=fix)


def error(code: str, subject: str, message: str, fix: str) -> FindingView:
    """Return what keeps something from being used."""
    return FindingView(severity="error", code=code, subject=subject, message=message, fix=fix)


def worst(findings: Iterable[FindingView]) -> Severity:
    """Return the severity of the worst finding; ``ok`` when there is none."""
    seen = {finding.severity for finding in findings}
    return "error" if "error" in seen else "warning" if "warning" in seen else "ok"


def as_check(subject: str, findings: Iterable[FindingView]) -> CheckView:
    """Return findings as the check of a subject."""
    found = list(findings)
    return CheckView(subject=subject, usable=worst(found) != "error", findings=found)
