"""``python -m stackyard``, and the console command: checks the interpreter, then hands over to the command line."""

from __future__ import annotations

import sys

from stackyard.preflight import check_python, explain_import_error


def main() -> int:
    """Run the command line; return the exit code."""
    check_python()
    try:
        from stackyard.cli.main import main as run  # noqa: PLC0415  # an unsuitable environment is named instead
    except ImportError as error:
        explain_import_error(error)
        raise
    return run()


if __name__ == "__main__":
    sys.exit(main())
