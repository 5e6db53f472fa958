"""Requests about pipelines found in source."""

from __future__ import annotations

from stackyard.api import projects
from stackyard_ls.protocol import CreateFirstPipelineParams, CreateFirstPipelineResult, NoParams, PipelineListResult
from stackyard_ls.session import Call

FIRST_INDEX_WAIT_S = 2.0
"""How long the first list waits for the first index; then it says ``indexing`` and a didChange follows."""


def list_all(call: Call, _: NoParams) -> PipelineListResult:
    """Return the pipelines and steps of the project."""
    call.session.pipelines.ready.wait(FIRST_INDEX_WAIT_S)
    return call.session.pipelines.result()


def create_first(_: Call, params: CreateFirstPipelineParams) -> CreateFirstPipelineResult:
    """Write a first pipeline into a folder."""
    file, function = projects.create_first_pipeline(params.folder)
    return CreateFirstPipelineResult(file=str(file), function=function)
