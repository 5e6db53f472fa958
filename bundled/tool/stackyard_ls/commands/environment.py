"""Requests about the user's environment."""

from __future__ import annotations

from stackyard.api.environments import check_environment
from stackyard_ls.install import install_stackyard
from stackyard_ls.protocol import EnvironmentCheckResult, EnvironmentInstallResult, EnvironmentParams
from stackyard_ls.session import BUNDLED, Call


def check(call: Call, params: EnvironmentParams) -> EnvironmentCheckResult:
    """Return whether runs can start in an interpreter."""
    call.require_trust(f"Starting {params.interpreter}")
    found = check_environment(params.interpreter, BUNDLED)
    if found.interpreter is not None and call.session.packages.take(found.interpreter):
        call.session.on_packages()
    return EnvironmentCheckResult(
        usable=found.usable,
        python=found.python,
        stackyard=found.stackyard,
        importable=found.importable,
        problem=found.problem,
        hint=found.hint,
    )


def install(call: Call, params: EnvironmentParams) -> EnvironmentInstallResult:
    """Install Stackyard into an environment, without a network."""
    call.require_trust(f"Installing into the environment of {params.interpreter}")
    version, output = install_stackyard(params.interpreter, BUNDLED, cancelled=call.cancelled.is_set)
    return EnvironmentInstallResult(stackyard=version, output=output)
