"""Whether this interpreter has what Stackyard needs, and one Stackyard only."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import stackyard
from stackyard.api.findings import error, fine, warning
from stackyard.flavors.requirements import missing_requirements
from stackyard.model.stack_views import FindingView

_SUBJECT = "environment"
_EDITORS = (".vscode", ".vscode-insiders", ".vscode-oss", ".vscode-server", ".cursor", ".cursor-server", ".windsurf")
_EXTENSION = re.compile(r"stackyard\.stackyard-(\d+\.\d+\.\d+)")


def environment_findings() -> Iterator[FindingView]:
    """Yield what is wrong with the packages of this interpreter; one that says so when nothing is."""
    from importlib import metadata  # noqa: PLC0415  # slow to import

    pip = f"{sys.executable} -m pip install"
    installed = list(metadata.distributions(name="stackyard"))
    missing = missing_requirements(installed[0].requires or []) if installed else []
    versions = {distribution.version for distribution in installed}
    clean = True
    if missing:
        clean = False
        message = f"Stackyard needs {', '.join(missing)}, which {sys.executable} does not have."
        yield error("package_conflict", _SUBJECT, message, f"{pip} {' '.join(_quoted(missing))}")
    if versions - {stackyard.__version__}:
        clean = False
        place = Path(stackyard.__file__).parent
        message = f"Stackyard {stackyard.__version__} of {place} runs, but {', '.join(sorted(versions))} is installed."
        yield warning("several_versions", _SUBJECT, message, f"{pip} --force-reinstall stackyard")
    for folder, version in _extensions():
        if version != stackyard.__version__:
            clean = False
            message = f"The editor's extension in {folder} has Stackyard {version}; this is {stackyard.__version__}."
            yield warning("several_versions", _SUBJECT, message, f'{pip} "stackyard=={version}"')
    if clean:
        version = platform.python_version()
        yield fine(_SUBJECT, f"Stackyard {stackyard.__version__} with Python {version} ({sys.executable}).")


def _extensions() -> Iterator[tuple[Path, str]]:
    """Yield each editor's folder of extensions with the newest version of ours in it."""
    for editor in _EDITORS:
        folder = Path.home() / editor / "extensions"
        try:
            names = [path.name for path in folder.iterdir()]
        except OSError:
            continue
        found = [match[1] for name in names if (match := _EXTENSION.match(name))]
        if found:
            yield folder, max(found, key=lambda version: [int(part) for part in version.split(".")])


def _quoted(requirements: list[str]) -> list[str]:
    return [f'"{requirement}"' for requirement in requirements]
