"""Errors of runs and of the environment; the whole tree is drawn in :mod:`stackyard.model.errors`."""

from __future__ import annotations

from stackyard.model.error_base import StackyardError


class ExecutionError(StackyardError):
    """A run did not do what it should."""

    code = "R100"
    exit_code = 1


class RunFailedError(ExecutionError):
    """At least one step failed; ``details`` has ``run_id`` and ``failed_steps``."""

    code = "R101"


class WorkerCrashedError(ExecutionError):
    """A worker process ended in the middle of a step."""

    code = "R102"


class RunStoppedError(ExecutionError):
    """The run was stopped on request."""

    code = "R103"


class StepFailedError(ExecutionError):
    """A pipeline function asked for the output of a step that did not end well."""

    code = "R104"


class SetupError(StackyardError):
    """The environment can't run Stackyard."""

    code = "E100"
    exit_code = 7


class PackageMissingError(SetupError):
    """A Python package is needed and not installed."""

    code = "E101"


class PackageConflictError(SetupError):
    """An installed Python package is too old."""

    code = "E102"


class InterpreterError(SetupError):
    """The Python interpreter can't be used."""

    code = "E103"


class InstallError(SetupError):
    """Packages can't be installed or removed."""

    code = "E104"
