"""Asking a component itself whether it can be used: imports its flavor, so only ever in the user's interpreter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stackyard.api.components import component_spec
from stackyard.api.context import Context
from stackyard.api.flavors import find_modules_of
from stackyard.flavors.interfaces import Finding
from stackyard.flavors.opening import open_component
from stackyard.model.errors import ComponentConfigurationError, StackyardError
from stackyard.model.redaction import Redactor
from stackyard.model.secret import references_in
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.stack_views import FindingView


def live_findings(ctx: Context, registry: Registry, component: StackComponent, subject: str) -> Iterator[FindingView]:
    """Open a component and yield what its own check finds; values of secrets are masked.

    Args:
        ctx: where.
        registry: that the component is of.
        component: one whose static checks found no error.
        subject: the component in words.
    """
    find_modules_of(ctx)
    spec = component_spec(ctx, registry, component)
    secrets: Mapping[str, Mapping[str, str]] = {}
    found: list[Finding]
    names = {reference.name for reference in references_in(spec.configuration)}
    try:
        if names:
            from stackyard.api.secrets import secret_values  # noqa: PLC0415  # few components name secrets

            secrets = secret_values(ctx, names)
        check = getattr(open_component(spec, secrets), "check", None)
        found = list(check()) if callable(check) else []
    except StackyardError as error:
        found = [Finding("error", "not_usable", error.message, error.hint)]
        if names and isinstance(error, ComponentConfigurationError):  # as written it is in order: checked before
            message = f"{error.message} A secret holds this value."
            found = [Finding("error", "secret_refused", message, f"stackyard secret update {min(names)} --interactive")]
    except Exception as error:  # noqa: BLE001  # code of others: whatever it does, the other checks go on
        why = f"{type(error).__name__}: {error}".rstrip(": ")
        fix = f"Report it to those who made the flavor {component.flavor!r}."
        found = [Finding("error", "check_failed", f"Its own check failed: {why}.", fix)]
    redactor = Redactor(value for values in secrets.values() for value in values.values())
    for finding in found:
        yield FindingView(
            severity=finding.severity, code=finding.code, subject=subject, message=redactor.clean(finding.message),
            fix=redactor.clean(finding.fix),
        )  # fmt: skip
