"""Entry of the reader, in the user's interpreter: ``python run_reader.py [--idle SECONDS]``, JSON lines on stdio.

Checks that Stackyard can work here as ``run_driver.py`` does, then hands over to ``stackyard.api.reader``. The first
line on stdout is ``{"ready": true}`` or ``{"error": {"code", "message", "hint", "location"}}``.

Invariant: valid syntax for Python 3.6, so that an old one can say that it is too old; imports nothing of Stackyard
before the checks. Stdout is the protocol's alone.
"""

import argparse
import json
import os
import sys

from lsp_server import guard_streams
from run_driver import EXIT_SETUP, SetupProblem, check_python, find_stackyard


def say(outgoing, value):
    """Send one message."""
    # type: (object, dict) -> None
    outgoing.write((json.dumps(value) + "\n").encode("utf-8"))
    outgoing.flush()


def find_reader():
    """Import the reader; an older Stackyard of the environment has none."""
    # type: () -> object
    try:
        from stackyard.api import reader  # noqa: PLC0415  # the path is complete only now
    except ImportError as error:
        raise SetupProblem(
            "E102",
            "The Stackyard that {} has can't look into artifacts: {}.".format(sys.executable, error),
            "Upgrade it, or install the extension's own into the environment.",
        ) from None
    return reader


def main():
    """Check, hand over, return the exit code."""
    # type: () -> int
    parser = argparse.ArgumentParser(description="Looks into stored values; started by Stackyard's language server.")
    parser.add_argument("--idle", type=float, default=300.0, help="seconds without a request after which to end")
    options = parser.parse_args()
    incoming, outgoing = guard_streams()
    try:
        check_python()
        # Started by path, Python puts the script's folder first: nothing in it is the user's.
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
        find_stackyard()
        reader = find_reader()
    except SetupProblem as problem:
        say(outgoing, {"error": problem.error})
        return EXIT_SETUP
    say(outgoing, {"ready": True})
    reader.serve(incoming, outgoing, idle_s=options.idle)
    return 0


if __name__ == "__main__":
    sys.stderr.flush()
    os._exit(main())  # the thread that waits for requests can't be ended
