"""Stackyard as people get it: the built package in an environment of its own, integrations put in and taken out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.user import PROGRAMS, ROOT, User

NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the built package, and no tool to install others."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    for command in (
        build,
        [str(PROGRAMS / "uv"), "venv", "--quiet", "--python", sys.executable, str(folder / "venv")],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    programs = folder / "venv" / "bin"
    install = [str(PROGRAMS / "uv"), "pip", "install", "--quiet", "--python", str(programs / "python"), str(wheel)]
    done = subprocess.run(install, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return programs


@pytest.fixture
def newcomer(user: User, installed: Path) -> User:
    """Someone whose environment has Stackyard and nothing else; uv is found on PATH."""
    user.interpreter = str(installed / "python")
    tools = user.folder.parent / "tools"
    tools.mkdir()
    (tools / "uv").symlink_to(shutil.which("uv") or PROGRAMS / "uv")
    user.variables["PATH"] = f"{installed}:{tools}:/usr/bin:/bin"
    return user


def _integration(user: User, name: str) -> dict[str, object]:
    listed = user.run("stackyard", "integration", "list", "--json")
    assert listed.code == 0, listed
    return next(item for item in json.loads(listed.out)["items"] if item["name"] == name)


def test_the_starter_comes_with_the_package(newcomer: User) -> None:
    """Given the installed package, `init --template starter` writes what the checkout has, under the new name."""
    made = newcomer.run("stackyard", "init", "mine", "--template", "starter", "--template-with-defaults")
    assert made.code == 0, made
    folder = newcomer.folder / "mine"
    theirs = {p.relative_to(folder) for p in folder.rglob("*.py")}
    ours = {p.relative_to(ROOT / "examples/starter") for p in (ROOT / "examples/starter").rglob("*.py")}
    assert theirs == ours
    assert "name: mine" in (folder / "stackyard.yaml").read_text()
    assert "pip install -r requirements.txt" in made.err


def test_an_integration_is_put_in_and_taken_out(newcomer: User) -> None:
    """Given an environment without numpy, install brings it, a second time costs nothing, uninstall removes it."""
    assert _integration(newcomer, "numpy")["installed"] is False
    refused = newcomer.run("stackyard", "integration", "install", "numpy")
    assert refused.code == 2, refused
    assert "--yes" in refused.err
    done = newcomer.run("stackyard", "integration", "install", "numpy", "--yes")
    assert done.code == 0, done
    assert "numpy is installed" in done.out
    assert newcomer.run(newcomer.interpreter, "-c", "import numpy").code == 0
    view = _integration(newcomer, "numpy")
    assert view["installed"] is True
    assert "numpy" in view["versions"]  # type: ignore[operator]
    again = newcomer.run("stackyard", "integration", "install", "numpy", UV_INDEX_URL=NOWHERE)
    assert again.code == 0, again
    assert "already" in again.out
    removed = newcomer.run("stackyard", "integration", "uninstall", "numpy", "-y")
    assert removed.code == 0, removed
    assert "Removed numpy" in removed.out
    assert newcomer.run(newcomer.interpreter, "-c", "import numpy").code != 0


def test_a_failure_names_the_package(newcomer: User) -> None:
    """Given an index that is not there, the package that can't be had is named, in a few lines, and nothing changed."""
    failed = newcomer.run(
        "stackyard", "integration", "install", "numpy", "--yes", UV_INDEX_URL=NOWHERE, UV_HTTP_RETRIES="0",
        UV_NO_CACHE="1",
    )  # fmt: skip
    assert failed.code == 7, failed
    assert "Traceback" not in failed.text
    message = failed.err[failed.err.index("Error:") :]
    assert "'numpy>=1.24' can't be installed" in message
    assert "Hint:" in message
    assert _integration(newcomer, "numpy")["installed"] is False


def test_neither_uv_nor_pip(newcomer: User) -> None:
    """Given an environment with no installer at all, the command that brings one is named."""
    newcomer.variables["PATH"] = f"{Path(newcomer.interpreter).parent}"
    failed = newcomer.run(str(Path(newcomer.interpreter).parent / "stackyard"), "integration", "install", "numpy", "-y")
    assert failed.code == 7, failed
    assert "ensurepip" in failed.err


def test_a_name_that_is_none(newcomer: User) -> None:
    failed = newcomer.run("stackyard", "integration", "install", "mlfow", "--yes")
    assert failed.code == 4, failed
    assert "Did you mean 'mlflow'?" in failed.err


def test_what_others_need_is_kept() -> None:
    """Given this environment, in which scikit-learn needs numpy, uninstalling mlflow's packages would keep numpy."""
    from stackyard.api.integrations import removable

    going, kept = removable(["mlflow"])
    assert "numpy" not in going
    assert "scikit-learn" in kept["numpy"]
    assert "mlflow-skinny" in going
