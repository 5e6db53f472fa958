"""``python -m stackyard``, and the console command: checks the interpreter, then hands over to the command line."""

from __future__ import annotations

import gc
import sys

from stackyard.preflight import check_python, explain_import_error

YOUNG_OBJECTS = 100_000
"""More than a short command makes; one that reads much is still tidied up behind."""


def main() -> int:
    """Run the command line; return the exit code."""
    check_python()
    if sys.argv[1:2] == ["run"]:  # whose process may execute a user's code
        return _run()
    # Most objects of a short command live to its end, so to look through them while they grow in number finds nothing,
    # and costs a tenth of its time; nor need those be looked through that the end of the process frees anyway.
    gc.set_threshold(YOUNG_OBJECTS)
    code = _run()
    gc.freeze()
    return code


def _run() -> int:
    try:
        from stackyard.cli.main import main as run  # noqa: PLC0415  # an unsuitable environment is named instead
    except ImportError as error:
        explain_import_error(error)
        raise
    return run()


if __name__ == "__main__":
    sys.exit(main())
