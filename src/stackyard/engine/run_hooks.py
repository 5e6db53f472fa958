"""What goes wrong in a run beside its steps: the pipeline's own hooks, and its function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from stackyard.engine.redaction import clean_step_error
from stackyard.engine.reporter import Reporter
from stackyard.engine.tracebacks import step_error
from stackyard.model.job import StepError
from stackyard.model.redaction import Redactor
from stackyard.storage.logs import StepLog


class RunHooks:
    """Calls ``on_init`` and ``on_cleanup`` in the driver. Why one failed is told, and kept in the run's own log."""

    def __init__(self, path: Path, reporter: Reporter) -> None:
        """Call nothing yet.

        Args:
            path: the run's own log, which is made when there is something to write; its folder must exist.
            reporter: is told.
        """
        self._path = path
        self._reporter = reporter

    def call(
        self, name: Literal["on_init", "on_cleanup"], hook: Callable[[], None] | None, redactor: Redactor | None
    ) -> StepError | None:
        """Call a hook, if there is one; return why it failed, its message naming the hook."""
        if hook is None:
            return None
        self._reporter.catch_up()
        try:
            hook()
        except (Exception, SystemExit) as problem:  # noqa: BLE001  # the user's code
            error = step_error(problem)
            if redactor is not None:
                error = clean_step_error(error, redactor)
            self._reporter.hook_failed(name, error)
            message = f"The pipeline's {name} failed: {error.type}: {error.message}"
            named = error.model_copy(update={"message": message})
            self.note(named)
            return named
        return None

    def note(self, error: StepError) -> None:
        """Write into the run's log why it failed."""
        log = StepLog(self._path, self._reporter.warning)
        log.write("log", "\n".join(filter(None, (error.message, error.traceback))), level="error")
        log.close()
