"""Integrations: what there is, what is installed, install and uninstall it in this interpreter's environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

from stackyard.flavors.requirements import installed_version, missing_requirements
from stackyard.model.errors import InstallError, IntegrationNotFoundError
from stackyard.model.integrations import INTEGRATIONS
from stackyard.model.names import did_you_mean
from stackyard.model.stack_views import IntegrationView

Tell = Callable[[str], None]
"""Takes a line of the installer's output."""
_DRAWN = " \t\u00d7\u2570\u2500\u25b6\u2502"
"""What uv draws around its messages."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def list_integrations() -> list[IntegrationView]:
    """Return all integrations by name, with what of them this interpreter has."""
    return [get_integration(name) for name in sorted(INTEGRATIONS)]


def get_integration(name: str) -> IntegrationView:
    """Return an integration.

    Raises:
        IntegrationNotFoundError: there is none of that name.
    """
    if name not in INTEGRATIONS:
        raise IntegrationNotFoundError(
            f"There is no integration {name!r}.",
            hint=f"{did_you_mean(name, list(INTEGRATIONS))} List them with: stackyard integration list".strip(),
        )
    doc, requirements = INTEGRATIONS[name]
    missing = missing_requirements(requirements)
    versions = {_distribution(r): v for r in requirements if (v := installed_version(_distribution(r)))}
    return IntegrationView(
        name=name, doc=doc, requirements=list(requirements), installed=not missing, missing=missing, versions=versions
    )


def install(names: Sequence[str], tell: Tell) -> list[IntegrationView]:
    """Install integrations into this interpreter's environment, with uv where it is found, else with pip.

    Args:
        names: of integrations; those that are complete already cost nothing.
        tell: is given the installer's output, line by line.

    Returns:
        The integrations as they are now.

    Raises:
        IntegrationNotFoundError: one of the names is unknown; nothing was installed.
        InstallError: a package can't be installed; it is named.
    """
    needed = list(dict.fromkeys(r for name in names for r in get_integration(name).missing))
    if needed:
        installer = _installer("install")
        code, output = _run([*installer, *needed], tell)
        if code != 0:
            culprit = _culprit(needed, output)
            what = f"The package {culprit!r}" if culprit else f"One of the packages {', '.join(needed)}"
            raise InstallError(
                f"{what} can't be installed: {_reason(output)}", hint=f"Try it yourself: {' '.join(installer)} "
                + " ".join(f'"{r}"' for r in ([culprit] if culprit else needed)),
            )  # fmt: skip
        _forget_what_was_missing()
    return [get_integration(name) for name in names]


def removable(names: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return what uninstalling integrations removes, and what it keeps.

    Args:
        names: of integrations.

    Returns:
        Distributions to remove, in alphabetical order; distribution to those that still need it.

    Raises:
        IntegrationNotFoundError: one of the names is unknown.
    """
    wanted = {_distribution(r) for name in names for r in get_integration(name).requirements}
    going = {name for name in wanted if installed_version(name)}
    users = _users_of(going)
    while True:
        kept = {name for name in going if users.get(name, set()) - going}
        if not kept:
            break
        going -= kept
    return sorted(going), {name: sorted(users[name] - going) for name in sorted(wanted - going) if name in users}


def uninstall(names: Sequence[str], tell: Tell) -> list[str]:
    """Remove the packages of integrations that nothing else needs; return what was removed.

    Raises:
        IntegrationNotFoundError: one of the names is unknown; nothing was removed.
        InstallError: the installer refused.
    """
    going, _ = removable(names)
    if going:
        code, output = _run([*_installer("uninstall"), *going], tell)
        if code != 0:
            raise InstallError(
                f"{', '.join(going)} can't be removed: {_reason(output)}", hint="Look at the installer's output above."
            )
        _forget_what_was_missing()
    return going


def _installer(verb: str) -> list[str]:
    """Return the beginning of an installer's command line for this interpreter.

    Raises:
        InstallError: there is none, or the operating system owns the environment (PEP 668).
    """
    marker = Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED"
    if sys.prefix == sys.base_prefix and marker.exists():
        raise InstallError(
            f"The environment of {sys.executable} belongs to the operating system.",
            hint="Make one of your own: python3 -m venv .venv && .venv/bin/pip install stackyard",
        )
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if os.access(beside, os.X_OK) else shutil.which("uv")
    if uv:
        return [uv, "pip", verb, "--python", sys.executable]
    import importlib.util  # noqa: PLC0415  # only without uv

    if importlib.util.find_spec("pip") is None:
        raise InstallError(
            f"There is neither uv nor pip in the environment of {sys.executable}.",
            hint=f"Add pip: {sys.executable} -m ensurepip",
        )
    options = ["--disable-pip-version-check", *(["--yes"] if verb == "uninstall" else [])]
    return [sys.executable, "-m", "pip", verb, *options]


def _run(command: list[str], tell: Tell) -> tuple[int, list[str]]:
    """Run an installer; return its exit code and its output, which was told line by line."""
    lines: list[str] = []
    try:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            encoding="utf-8", errors="replace",
        ) as process:  # fmt: skip
            assert process.stdout is not None  # noqa: S101  # it was asked for
            for line in process.stdout:
                lines.append(line.rstrip())
                tell(lines[-1])
    except OSError as error:
        return 1, [str(error)]
    return process.returncode, lines


def _culprit(needed: list[str], output: list[str]) -> str:
    """Return the requirement that the installer's complaint is about: the one it names, first in its last lines."""
    for line in reversed([line for line in output if line.strip()][-15:]):
        named = [
            r for r in needed if re.search(rf"(?<![\w-]){re.escape(_distribution(r))}(?![\w-])", line, re.IGNORECASE)
        ]
        if len(named) == 1:
            return named[0]
    return needed[0] if len(needed) == 1 else ""


def _reason(output: list[str]) -> str:
    """Return the installer's complaint as a sentence."""
    said = [line.strip(_DRAWN) for line in output if line.strip(_DRAWN)]
    complaint = next((line for line in said if re.match("error|fatal|because", line, re.IGNORECASE)), "")
    sentence = re.sub("^error: *", "", complaint or (said[-1] if said else ""), flags=re.IGNORECASE)
    sentence = sentence[:250] or "the installer said nothing"
    return sentence if sentence.endswith(".") else f"{sentence}."


def _users_of(names: set[str]) -> dict[str, set[str]]:
    """Return distribution to the installed distributions that need it without an extra being asked for."""
    from importlib import metadata  # noqa: PLC0415  # reads every distribution: only here

    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    spelled: dict[str, str] = {canonicalize_name(name): name for name in names}
    users: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        try:
            user = canonicalize_name(distribution.metadata["Name"] or "")
        except (OSError, KeyError):  # what a broken removal left; newer versions of importlib say so
            continue
        for text in distribution.requires or []:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            needed = spelled.get(canonicalize_name(requirement.name))
            if needed is not None and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
                users.setdefault(needed, set()).add(spelled.get(user, user))
    return users


def _distribution(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None  # noqa: S101  # our own table
    return match[0]


def _forget_what_was_missing() -> None:
    import importlib  # noqa: PLC0415

    importlib.invalidate_caches()
