"""Pipelines that a script calls: ``python run.py``."""

from __future__ import annotations

import runpy
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from stackyard.api.driver import RunOptions, raise_for_status, run_pipeline
from stackyard.authoring.pipeline import PipelineDefinition, set_runner
from stackyard.cli.output import print_error
from stackyard.cli.progress import choose_reporter
from stackyard.model.errors import StackyardError
from stackyard.model.views import RunView


@dataclass
class _Overrides:
    """What the command line said for all pipelines that the script calls."""

    options: RunOptions = field(default_factory=RunOptions)
    hook_installed: bool = False


_overrides = _Overrides()


def run_called_pipeline(definition: PipelineDefinition, given: dict[str, Any]) -> RunView:
    """Run a pipeline that user code called, showing its progress.

    Raises:
        RunFailedError: a step failed.
        RunStoppedError: the run was stopped.
        StackyardError: nothing ran.
    """
    _install_hook()
    options = replace(_overrides.options, parameters=given, parameters_given_as="code")
    return raise_for_status(run_pipeline(definition, options, choose_reporter()))


def run_script(path: Path, arguments: list[str], options: RunOptions) -> int:
    """Run a file as ``python FILE ARGUMENTS`` would, with the command line's options for its pipelines.

    Returns:
        The script's exit code.
    """
    _overrides.options = options
    set_runner(run_called_pipeline)
    before = sys.argv[:]
    sys.argv[:] = [str(path), *arguments]
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as stop:
        if stop.code is None or isinstance(stop.code, int):
            return stop.code or 0
        print(stop.code, file=sys.stderr)  # noqa: T201  # as Python does
        return 1
    except StackyardError:
        raise
    except Exception as error:  # noqa: BLE001  # the script's own failure
        from stackyard.engine.tracebacks import user_traceback  # noqa: PLC0415  # only for a failing script

        print(user_traceback(error), file=sys.stderr)  # noqa: T201  # as Python does
        return 1
    finally:
        sys.argv[:] = before
    return 0


def _install_hook() -> None:
    """Show our errors without a traceback when they end a script, with their own exit code."""
    if _overrides.hook_installed:
        return
    _overrides.hook_installed = True
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, StackyardError):
            print_error(error, as_json=False)
            sys.stdout.flush()
            # Python ends with the exit code of a SystemExit that an excepthook raises.
            raise SystemExit(error.exit_code)
        before(kind, error, trace)

    sys.excepthook = hook
