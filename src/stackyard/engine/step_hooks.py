"""A step's hooks: functions of the user that are called around it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from stackyard.authoring.coroutines import finished
from stackyard.engine.functions import load_function
from stackyard.engine.tracebacks import user_traceback
from stackyard.model.job import StepJob
from stackyard.model.options import HookEvent


class StepHooks:
    """Calls hooks in the step's context. One that fails is told in the step's log and changes nothing."""

    def __init__(self, job: StepJob, log: Callable[[str, str], None]) -> None:
        """Take the hooks of a job.

        Args:
            job: the step.
            log: takes level and text.
        """
        self._hooks = job.hooks
        self._log = log

    def call(self, event: HookEvent, problem: BaseException | None = None) -> None:
        """Call the hook of an event, if there is one.

        Args:
            event: what happened.
            problem: why the step failed; a hook that takes an argument gets it, or None.
        """
        hook = self._hooks.get(event)
        if hook is None:
            return
        try:
            function = load_function(hook)
            given = (problem,) if takes_one(function, hook.arguments) else ()
            finished(function(*given, **hook.arguments))
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the user's code
            self._log("warning", f"The hook {hook.qualname!r} (on_{event}) failed:\n{user_traceback(error)}")


def takes_one(function: Callable[..., Any], named: dict[str, Any]) -> bool:
    """Tell whether a function takes an argument by position beside those that it is given by name."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions of C have none to read
        return False
    return any(p.kind in positional and name not in named for name, p in parameters.items())
