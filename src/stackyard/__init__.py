"""Stackyard separates what an ML pipeline does from where it runs.

    from stackyard import pipeline, step

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from stackyard import main_program, pydantic_plugins, script_errors

if TYPE_CHECKING:
    from stackyard.api.client import Client
    from stackyard.api.model import Model
    from stackyard.api.responses import ArtifactVersion, PipelineRun, Resource
    from stackyard.api.user_artifacts import link_artifact_to_model, load_artifact, register_artifact, save_artifact
    from stackyard.api.user_functions import (
        add_tags,
        log_artifact_metadata,
        log_metadata,
        log_model_metadata,
        remove_tags,
    )
    from stackyard.authoring.artifact_config import ArtifactConfig, ExternalArtifact, Tag
    from stackyard.authoring.cache_policy import CachePolicy
    from stackyard.authoring.context import StepContext, get_step_context
    from stackyard.authoring.mapped import unmapped
    from stackyard.authoring.pipeline import pipeline
    from stackyard.authoring.pipeline_context import PipelineContext, get_pipeline_context
    from stackyard.authoring.step import step
    from stackyard.model.enums import ArtifactType, ExecutionMode, ModelStages, Status, VisualizationType
    from stackyard.model.errors import RunFailedError, RunStoppedError, StackyardError, StepFailedError
    from stackyard.model.options import ResourceSettings, StepRetryConfig
    from stackyard.storage.materializers.base import Materializer
    from stackyard.storage.materializers.folder_style import BaseMaterializer
    from stackyard.types import CSVString, HTMLString, JSONString, MarkdownString

__version__ = "0.1.0"

pydantic_plugins.leave_out()

__all__ = [
    "ArtifactConfig",
    "ArtifactType",
    "ArtifactVersion",
    "BaseMaterializer",
    "CSVString",
    "CachePolicy",
    "Client",
    "ExecutionMode",
    "ExternalArtifact",
    "HTMLString",
    "JSONString",
    "MarkdownString",
    "Materializer",
    "Model",
    "ModelStages",
    "PipelineContext",
    "PipelineRun",
    "Resource",
    "ResourceSettings",
    "RunFailedError",
    "RunStoppedError",
    "StackyardError",
    "Status",
    "StepContext",
    "StepFailedError",
    "StepRetryConfig",
    "Tag",
    "VisualizationType",
    "add_tags",
    "get_pipeline_context",
    "get_step_context",
    "link_artifact_to_model",
    "load_artifact",
    "log_artifact_metadata",
    "log_metadata",
    "log_model_metadata",
    "pipeline",
    "register_artifact",
    "remove_tags",
    "save_artifact",
    "step",
    "unmapped",
]

_HOME_OF = {
    "ArtifactConfig": "stackyard.authoring.artifact_config",
    "ArtifactType": "stackyard.model.enums",
    "ArtifactVersion": "stackyard.api.responses",
    "BaseMaterializer": "stackyard.storage.materializers.folder_style",
    "CSVString": "stackyard.types",
    "CachePolicy": "stackyard.authoring.cache_policy",
    "Client": "stackyard.api.client",
    "ExecutionMode": "stackyard.model.enums",
    "ExternalArtifact": "stackyard.authoring.artifact_config",
    "HTMLString": "stackyard.types",
    "JSONString": "stackyard.types",
    "MarkdownString": "stackyard.types",
    "Materializer": "stackyard.storage.materializers.base",
    "Model": "stackyard.api.model",
    "ModelStages": "stackyard.model.enums",
    "PipelineContext": "stackyard.authoring.pipeline_context",
    "PipelineRun": "stackyard.api.responses",
    "Resource": "stackyard.api.responses",
    "ResourceSettings": "stackyard.model.options",
    "RunFailedError": "stackyard.model.errors",
    "RunStoppedError": "stackyard.model.errors",
    "StackyardError": "stackyard.model.errors",
    "Status": "stackyard.model.enums",
    "StepContext": "stackyard.authoring.context",
    "StepFailedError": "stackyard.model.errors",
    "StepRetryConfig": "stackyard.model.options",
    "Tag": "stackyard.authoring.artifact_config",
    "VisualizationType": "stackyard.model.enums",
    "add_tags": "stackyard.api.user_functions",
    "get_pipeline_context": "stackyard.authoring.pipeline_context",
    "get_step_context": "stackyard.authoring.context",
    "link_artifact_to_model": "stackyard.api.user_artifacts",
    "load_artifact": "stackyard.api.user_artifacts",
    "log_artifact_metadata": "stackyard.api.user_functions",
    "log_metadata": "stackyard.api.user_functions",
    "log_model_metadata": "stackyard.api.user_functions",
    "pipeline": "stackyard.authoring.pipeline",
    "register_artifact": "stackyard.api.user_artifacts",
    "remove_tags": "stackyard.api.user_functions",
    "save_artifact": "stackyard.api.user_artifacts",
    "step": "stackyard.authoring.step",
    "unmapped": "stackyard.authoring.mapped",
}


_RUNS_FOLLOW = ("pipeline", "step")
"""Names of which the first in a script means that it will run something soon."""

_AUTHORING = "stackyard.authoring.pipeline"


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'stackyard' has no attribute {name!r}")
    script_errors.show_in_scripts()
    if name in _RUNS_FOLLOW and _AUTHORING not in sys.modules and main_program.is_script():
        # The process that forks workers starts while this one loads what a run needs. Whoever loaded the authoring
        # layer before, as the command line does, says itself who runs pipelines, and how. Functions of a script travel
        # by cloudpickle.
        import_module("stackyard.engine.launcher").prepare(["cloudpickle"])
    try:
        module = _imported(_HOME_OF[name])
    except ImportError as error:
        from stackyard.preflight import explain_import_error  # noqa: PLC0415  # only in unsuitable environments

        explain_import_error(error)
        raise
    if name in _WIRING:
        _WIRING[name](module)
    value = getattr(module, name)
    globals()[name] = value
    return value


def _imported(name: str) -> Any:
    """Import a module; what it makes is there to stay, so nothing is looked for that could be collected meanwhile."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if enabled:
            gc.enable()


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)


# The authoring layer knows neither engine nor catalog: what it needs of them is said here, at the top.


def _run(definition: Any, given: dict[str, Any]) -> Any:
    # Of a program that is no script it starts now, while this process imports the engine.
    import_module("stackyard.engine.launcher").prepare([])
    return _imported("stackyard.cli.script").run_called_pipeline(definition, given)


def _model_of_spec(spec: Any) -> Any:
    return import_module("stackyard.api.model").Model(**spec.model_dump(exclude_unset=True))


_WIRING: dict[str, Callable[[Any], None]] = {
    "pipeline": lambda module: module.set_default_runner(_run),
    "get_pipeline_context": lambda module: module.set_model_maker(_model_of_spec),
}
"""What is said to a name's module when the name is loaded."""
