"""Entry of a run's driver, in the user's interpreter: ``python run_driver.py --request FILE`` (``-``: stdin).

Checks that Stackyard can work here, then hands over to ``stackyard.api.detached``. The environment's own Stackyard is
used if there is one; else the extension's copy comes at the end of ``sys.path``, so that it hides no package of the
user's. What became of the start is one line of JSON on the descriptor ``STACKYARD_REPORT_FD`` (without it: stderr):
``{"run_id", "name"}`` or ``{"error": {"code", "message", "hint", "location"}}``.

Invariant: valid syntax for Python 3.6, so that an old one can say that it is too old; imports nothing of Stackyard
before the checks.
"""

import argparse
import json
import os
import re
import sys

OLDEST = (3, 10)
OLDEST_PACKAGES = {"pydantic": "2.7", "typing_extensions": "4.10"}
EXIT_SETUP = 7


class SetupProblem(Exception):  # noqa: N818  # it is told to the user, not raised to a caller
    """Stackyard can't work in this interpreter."""

    def __init__(self, code, message, hint):
        """Take the error's code and texts."""
        # type: (str, str, str) -> None
        super().__init__(message)
        self.error = {"code": code, "message": message, "hint": hint, "location": None}


def report(value):
    """Tell whoever started the driver what became of it."""
    # type: (dict) -> None
    line = (json.dumps(value) + "\n").encode("utf-8")
    descriptor = os.environ.get("STACKYARD_REPORT_FD", "")
    if not descriptor.isdigit():
        sys.stderr.write(line.decode("utf-8"))
        return
    try:
        while line:
            line = line[os.write(int(descriptor), line) :]
    except OSError as error:
        sys.stderr.write("nobody listens to the driver's report: %s\n" % error)


def check_python():
    """Refuse a Python that is too old."""
    # type: () -> None
    if sys.version_info[:2] < OLDEST:
        raise SetupProblem(
            "E103",
            "{} is Python {}.{}.{}; Stackyard needs {}.{} or newer.".format(
                sys.executable, *(sys.version_info[:3] + OLDEST)
            ),
            "Choose a newer interpreter, or make an environment with one: python3 -m venv .venv",
        )


def find_stackyard():
    """Make Stackyard importable: the environment's own, else the extension's after all that is the user's."""
    # type: () -> None
    from importlib.util import find_spec  # noqa: PLC0415  # after the check of Python

    if find_spec("stackyard") is None:
        bundled = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        libs = os.path.join(bundled, "libs")
        if os.path.isdir(libs):
            sys.path.append(libs)
        if not os.path.isdir(os.path.join(libs, "stackyard")):
            sys.path.append(os.path.join(os.path.dirname(bundled), "src"))
    check_packages()


def check_packages():
    """Refuse packages of the environment that are too old for Stackyard."""
    # type: () -> None
    from importlib import metadata  # noqa: PLC0415  # Python 3.8 and newer

    for package, needed in OLDEST_PACKAGES.items():
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
        if _numbers(version) < _numbers(needed):
            raise SetupProblem(
                "E102",
                "%s has %s %s; Stackyard needs %s or newer." % (sys.executable, package, version, needed),
                'Upgrade it: %s -m pip install "%s>=%s"' % (sys.executable, package.replace("_", "-"), needed),
            )


def _numbers(version):
    # type: (str) -> list[int]
    return [int(part) for part in re.findall(r"\d+", version)[:3]]


def read_request(place):
    """Return the request as a dict."""
    # type: (str) -> dict
    if place == "-":
        return json.load(sys.stdin)
    with open(place, encoding="utf-8") as file:
        return json.load(file)


def main():
    """Check, hand over, return the exit code."""
    # type: () -> int
    parser = argparse.ArgumentParser(description="Runs one pipeline; started by Stackyard.")
    parser.add_argument("--request", default="-", help="file with the request as JSON; -: stdin")
    options = parser.parse_args()
    try:
        check_python()
        # Started by path, Python puts the script's folder first: nothing in it is the user's.
        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != here]
        find_stackyard()
        request = read_request(options.request)
    except SetupProblem as problem:
        report({"error": problem.error})
        return EXIT_SETUP
    try:
        from stackyard.api import detached  # noqa: PLC0415  # the path is complete only now

        return detached.main(request, report)
    except Exception as error:
        # Whoever waits for the report gets one; what was reported before stays what counts.
        message = "The run could not be started: {}: {}".format(type(error).__name__, error)
        hint = "This is a bug in Stackyard; the run's log has the details."
        report({"error": {"code": "bug", "message": message, "hint": hint, "location": None}})
        raise


if __name__ == "__main__":
    sys.exit(main())
