"""Installs Stackyard into the user's environment, without a network."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from stackyard.api.environments import Interpreter, probe_interpreter, too_old
from stackyard.model.errors import InterpreterError, SetupError
from stackyard_ls.wheelhouse import build_wheels, own_wheel, wheel_version

INSTALL_TIMEOUT_S = 300.0
SHOWN_LINES = 15
"""Of the installer's output, the last ones."""


def install_stackyard(interpreter: str, bundle: Path, cancelled: Callable[[], bool]) -> tuple[str, str]:
    """Install Stackyard and what it needs; what the environment has already and is new enough stays as it is.

    Args:
        interpreter: path of the user's Python.
        bundle: the extension's ``bundled`` folder.
        cancelled: asked while the installer works; True ends it.

    Returns:
        The version that is installed now, and the installer's last lines.

    Raises:
        SetupError: the interpreter can't be used, or the installer failed.
    """
    found = probe_interpreter(interpreter)
    _check(found)
    version = wheel_version(own_wheel(bundle))
    with tempfile.TemporaryDirectory(prefix="stackyard-install-") as folder:
        build_wheels(bundle, found, Path(folder))
        output = _run(_command(found, folder), cancelled)
    after = probe_interpreter(interpreter)
    if not after.importable:
        raise SetupError(
            f"Stackyard {version} was installed for {interpreter}, but can't be imported: {after.import_error}.",
            hint=f"Look at: {interpreter} -c 'import stackyard'",
        )
    return after.packages.get("stackyard", version), output


def _check(found: Interpreter) -> None:
    problem, hint = too_old(found)
    if problem:
        raise InterpreterError(problem, hint=hint)
    if found.externally_managed:
        raise InterpreterError(
            f"{found.command} belongs to the operating system, which lets nobody install packages into it.",
            hint=f"Make an environment for the project and choose it: {found.command} -m venv .venv",
        )


def _command(found: Interpreter, folder: str) -> list[str]:
    offline = ["--no-index", "--find-links", folder, "stackyard"]
    if found.has_pip:
        quiet = ["--disable-pip-version-check", "--no-input", "--no-warn-script-location"]
        return [found.command, "-m", "pip", "install", *quiet, *offline]
    uv = shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--offline", "--python", found.command, *offline]
    raise SetupError(
        f"The environment of {found.command} has no pip, and there is no uv on PATH.",
        hint=f"Give it pip: {found.command} -m ensurepip",
    )


def _run(command: list[str], cancelled: Callable[[], bool]) -> str:
    deadline = time.monotonic() + INSTALL_TIMEOUT_S
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=tempfile.gettempdir()
        )
        try:
            while process.poll() is None:
                if cancelled():
                    raise SetupError("Installing Stackyard was cancelled.", hint="Install it again when you want it.")
                if time.monotonic() > deadline:
                    raise SetupError(
                        f"Installing Stackyard took more than {INSTALL_TIMEOUT_S:g} s and was ended.",
                        hint="Look whether the disk of the environment is slow or full, and install it again.",
                    )
                with suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.2)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        lines = log.read().decode("utf-8", errors="replace").strip().splitlines()
    output = "\n".join(lines[-SHOWN_LINES:])
    if process.returncode != 0:
        last = lines[-1] if lines else f"exit code {process.returncode}"
        raise SetupError(f"Stackyard could not be installed: {last}", hint=output)
    return output
