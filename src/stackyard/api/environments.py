"""The user's Python environment: whether runs can start in it, asked without importing anything of it here.

Invariant: only the standard library and ``stackyard.model``; the interpreter is started with a small program that needs
nothing but Python, 2.7 included, so that every answer can be a clear one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from stackyard.model.errors import InterpreterError
from stackyard.model.record import Record

OLDEST_PYTHON = (3, 10)
OLDEST_PACKAGES = {"pydantic": "2.7", "typing_extensions": "4.10"}
"""What Stackyard needs of packages that the environment may have in its own version; ``run_driver.py`` has the same."""
PROBE_TIMEOUT_S = 30.0
"""A cold start from a slow disk takes seconds; more than this hangs."""
_MARK = "STACKYARD-PROBE "
_PROBE = r"""
import json, sys
if sys.path and sys.path[0] == "":
    del sys.path[0]
found = {"version": list(sys.version_info[:3]), "executable": sys.executable, "packages": {}, "importable": False,
         "distributions": {}, "folders": sys.path,
         "import_error": "", "ext_suffix": "", "platform": "", "implementation": "", "pip": False, "managed": False}
if sys.version_info >= (3, 8):
    import importlib.util, os, re, sysconfig
    from importlib import metadata
    for distribution in metadata.distributions():
        name = re.sub("[-_.]+", "-", str(distribution.metadata["Name"])).lower()
        found["distributions"].setdefault(name, distribution.version)
    for name in ("stackyard", "pydantic", "typing_extensions"):
        try:
            found["packages"][name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    if importlib.util.find_spec("stackyard") is None:
        found["import_error"] = "No module named 'stackyard'"
    elif sys.version_info >= (3, 10):
        try:
            import stackyard
            found["importable"] = True
        except BaseException as error:
            found["import_error"] = "%s: %s" % (type(error).__name__, error)
    found["ext_suffix"] = sysconfig.get_config_var("EXT_SUFFIX") or ""
    found["platform"] = sysconfig.get_platform()
    found["implementation"] = sys.implementation.name
    found["pip"] = importlib.util.find_spec("pip") is not None
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    found["managed"] = sys.prefix == sys.base_prefix and os.path.exists(marker)
print("\n" + "STACKYARD-PROBE " + json.dumps(found))
"""


class Interpreter(Record):
    """What an interpreter says about itself."""

    command: str
    """As it was given."""
    version: tuple[int, int, int]
    packages: Mapping[str, str] = field(default_factory=dict)
    """Installed versions of those that matter to Stackyard itself."""
    distributions: Mapping[str, str] = field(default_factory=dict)
    """All installed distributions: normalised name to version."""
    folders: Sequence[str] = ()
    """Where it looks for packages: the time of change of one of them tells that something was installed or removed."""
    importable: bool = False
    import_error: str = ""
    ext_suffix: str = ""
    """Ending of its compiled modules: ``.cpython-311-x86_64-linux-gnu.so``."""
    platform: str = ""
    implementation: str = ""
    has_pip: bool = False
    externally_managed: bool = False
    """The operating system's package manager owns it (PEP 668)."""

    @property
    def python(self) -> str:
        """Return the version as text: ``3.11.7``."""
        return ".".join(str(part) for part in self.version)


class EnvironmentCheck(Record):
    """Whether runs can start in an environment, and what is in the way."""

    usable: bool
    python: str = ""
    stackyard: str = ""
    importable: bool = False
    problem: str = ""
    hint: str = ""
    interpreter: Interpreter | None = None
    """What it says about itself; None when it could not be asked."""


def check_environment(interpreter: str, bundle: Path | None = None) -> EnvironmentCheck:
    """Return whether runs can start in an interpreter's environment; never raises for what is wrong with it.

    Args:
        interpreter: path of the user's Python.
        bundle: folder with ``libs`` (and in a checkout with ``src`` beside it), from which a run takes Stackyard when
            the environment has none; None when there is no such help.
    """
    try:
        found = probe_interpreter(interpreter)
    except InterpreterError as error:
        return EnvironmentCheck(usable=False, problem=error.message, hint=error.hint)
    problem, hint = _problem(found, bundle)
    return EnvironmentCheck(
        usable=not problem,
        python=found.python,
        stackyard=found.packages.get("stackyard", ""),
        importable=found.importable,
        problem=problem,
        hint=hint,
        interpreter=found,
    )


def probe_interpreter(interpreter: str, timeout_s: float = PROBE_TIMEOUT_S) -> Interpreter:
    """Start an interpreter and return what it says about itself.

    Raises:
        InterpreterError: it does not exist, can't be started, is no Python, or does not answer in time.
    """
    hint = "Choose another interpreter."
    if Path(interpreter).name != interpreter:
        # The program is started in another folder; a link to Python is not the Python it leads to.
        interpreter = os.path.abspath(interpreter)  # noqa: PTH100  # Path.resolve follows links
    try:
        # A neutral folder: nothing that lies about may be imported in place of a package.
        done = subprocess.run(
            [interpreter, "-c", _PROBE],
            capture_output=True,
            timeout=timeout_s,
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
    except FileNotFoundError:
        raise InterpreterError(f"The interpreter {interpreter!r} does not exist.", hint=hint) from None
    except subprocess.TimeoutExpired:
        raise InterpreterError(f"The interpreter {interpreter} gave no answer in {timeout_s:g} s.", hint=hint) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InterpreterError(f"The interpreter {interpreter!r} can't be started: {reason}.", hint=hint) from None
    answer = _answer(done.stdout.decode("utf-8", errors="replace"))
    if answer is None:
        said = (done.stderr or done.stdout).decode("utf-8", errors="replace").strip().splitlines()
        tail = f" It said: {' '.join(said[-1].split())[:120]}" if said else ""
        raise InterpreterError(f"{interpreter} is no Python interpreter that works.{tail}", hint=hint)
    major, minor, micro = answer["version"]
    return Interpreter(
        command=interpreter,
        version=(major, minor, micro),
        packages=answer["packages"],
        distributions=answer["distributions"],
        folders=answer["folders"],
        importable=answer["importable"],
        import_error=answer["import_error"],
        ext_suffix=answer["ext_suffix"],
        platform=answer["platform"],
        implementation=answer["implementation"],
        has_pip=answer["pip"],
        externally_managed=answer["managed"],
    )


def too_old(found: Interpreter) -> tuple[str, str]:
    """Return problem and hint when the Python is too old, else two empty texts."""
    if found.version[:2] >= OLDEST_PYTHON:
        return "", ""
    needed = ".".join(str(part) for part in OLDEST_PYTHON)
    newer = _newer_python()
    return (
        f"{found.command} is Python {found.python}; Stackyard needs {needed} or newer.",
        f"Choose a newer interpreter, or make an environment with one: {newer} -m venv .venv",
    )


def is_older(version: str, needed: str) -> bool:
    """Tell whether a version is older than what is needed; suffixes such as ``rc1`` do not count."""

    def numbers(text: str) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", text.split("+", maxsplit=1)[0])[:3]]

    return numbers(version) < numbers(needed)


def _answer(output: str) -> dict[str, Any] | None:
    """Return what the probe printed, whatever a ``sitecustomize`` printed around it."""
    for line in reversed(output.splitlines()):
        if line.startswith(_MARK):
            try:
                found = json.loads(line[len(_MARK) :])
            except ValueError:
                return None
            return found if isinstance(found, dict) else None
    return None


def _problem(found: Interpreter, bundle: Path | None) -> tuple[str, str]:
    """Return problem and hint, or two empty texts when runs can start."""
    problem, hint = too_old(found)
    if problem:
        return problem, hint
    pip = f"{found.command} -m pip install"
    if found.importable:
        return "", ""
    if "stackyard" in found.packages:
        return (
            (
                f"Stackyard {found.packages['stackyard']} is installed for {found.command}, but can't be imported: "
                f"{found.import_error}."
            ),
            f"Install it again: {pip} --force-reinstall stackyard",
        )
    if bundle is None:
        return f"Stackyard is not installed for {found.command}.", f"Install it: {pip} stackyard"
    for package, needed in OLDEST_PACKAGES.items():
        version = found.packages.get(package)
        if version is not None and is_older(version, needed):
            return (
                f"{found.command} has {package} {version}; Stackyard needs {needed} or newer.",
                f'Upgrade it: {pip} "{package.replace("_", "-")}>={needed}"',
            )
    if "pydantic" not in found.packages and not _has_compiled(bundle, found):
        return (
            (
                f"Stackyard is not installed for {found.command}, and this extension's own copy is not made for its "
                f"{found.implementation} {found.python}."
            ),
            f"Install it: {pip} stackyard",
        )
    return "", ""


def _has_compiled(bundle: Path, found: Interpreter) -> bool:
    return bool(found.ext_suffix) and (bundle / "libs" / "pydantic_core" / f"_pydantic_core{found.ext_suffix}").exists()


def _newer_python() -> str:
    """Return the name of a Python on PATH that is new enough, the newest first."""
    names = (f"python3.{minor}" for minor in (14, 13, 12, 11, 10))
    return next((name for name in names if shutil.which(name)), "python3")
