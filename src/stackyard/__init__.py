"""Stackyard separates what an ML pipeline does from where it runs.

    from stackyard import pipeline, step

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackyard.api.client import ArtifactVersion, Client
    from stackyard.api.user_functions import log_metadata
    from stackyard.authoring.context import StepContext, get_step_context
    from stackyard.authoring.pipeline import pipeline
    from stackyard.authoring.step import step
    from stackyard.model.errors import StackyardError

__version__ = "0.1.0"

__all__ = [
    "ArtifactVersion",
    "Client",
    "StackyardError",
    "StepContext",
    "get_step_context",
    "log_metadata",
    "pipeline",
    "step",
]

_HOME_OF = {
    "ArtifactVersion": "stackyard.api.client",
    "Client": "stackyard.api.client",
    "StackyardError": "stackyard.model.errors",
    "StepContext": "stackyard.authoring.context",
    "get_step_context": "stackyard.authoring.context",
    "log_metadata": "stackyard.api.user_functions",
    "pipeline": "stackyard.authoring.pipeline",
    "step": "stackyard.authoring.step",
}


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'stackyard' has no attribute {name!r}")
    try:
        module = import_module(_HOME_OF[name])
    except ImportError as error:
        from stackyard.preflight import explain_import_error  # noqa: PLC0415  # only in unsuitable environments

        explain_import_error(error)
        raise
    if name == "pipeline":
        # The authoring layer knows no engine: who runs a called pipeline is said here, at the top.
        module.set_default_runner(_run)
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


def _run(definition: Any, given: dict[str, Any]) -> Any:
    # The zygote starts while this process imports the engine.
    import_module("stackyard.engine.launcher").prepare([])
    return import_module("stackyard.cli.script").run_called_pipeline(definition, given)
