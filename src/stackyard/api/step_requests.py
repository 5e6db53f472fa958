"""What a running step asks its driver for: answered with the run's catalog, which no step opens itself."""

from __future__ import annotations

from stackyard.api.context import Context
from stackyard.model.errors import UsageError
from stackyard.model.job import StepReply, StepRequest
from stackyard.storage.catalog.writer import RunWriter


def answer(ctx: Context, writer: RunWriter, request: StepRequest) -> StepReply:  # noqa: ARG001
    """Do what a step asks for; an error goes back to the step.

    Args:
        ctx: home and project of the run.
        writer: of the run.
        request: what is asked.
    """
    error = UsageError(f"A step can't ask for {request.method!r}.", hint="Ask for it outside of steps.")
    return StepReply(id=request.id, error=error.as_dict())
