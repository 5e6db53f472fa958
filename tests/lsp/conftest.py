"""A project, a home and a real server for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client

STEPS = '''\
from stackyard import pipeline, step


@step
def load(count: int = 3) -> list[int]:
    """Load some numbers."""
    return list(range(count))


@step
def total(numbers: list[int]) -> int:
    print("adding", len(numbers), "numbers")
    return sum(numbers)


@pipeline(name="adding")
def add_up(count: int = 3, label: str = "x"):
    """Add up the first numbers."""
    total(load(count))
'''
SLOW = """\
import time

from stackyard import pipeline, step


@step(enable_cache=False)
def wait(seconds: float = 2.0) -> float:
    time.sleep(seconds)
    return seconds


@pipeline
def slow(seconds: float = 2.0):
    wait(seconds)
"""


def make_project(folder: Path) -> Path:
    """Write a project with a name, two pipelines and a blank in its path."""
    folder.mkdir(parents=True)
    (folder / "adding.py").write_text(STEPS)
    (folder / "slow.py").write_text(SLOW)
    (folder / "stackyard.yaml").write_text("version: 1\nproject:\n  name: demo\n")
    return folder


def variables(home: Path) -> dict[str, str]:
    """Return what a server and a shell of the test need to work in the same home."""
    return {
        "STACKYARD_HOME": str(home),
        "STACKYARD_ACTIVE_STACK": "",
        "STACKYARD_SECRETS_KEY_FILE": str(home.parent / "secrets.key"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "STACKYARD_LOCK_TIMEOUT": "200",
    }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "my project")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One server for the tests of a file that leave it as it was: starting one costs a second."""
    folder = tmp_path_factory.mktemp("shared")
    project = make_project(folder / "my project")
    client = Client(cwd=project, env=variables(folder / "home"))
    client.initialize(project, interpreter=sys.executable)
    yield client
    assert client.shutdown() == 0, client.stderr
    client.close()


@pytest.fixture
def cli(home: Path, project: Path) -> Callable[..., str]:
    """Runs the command line in another process."""

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "stackyard"), *arguments],
            cwd=project,
            env={**os.environ, **variables(home)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def start(home: Path, project: Path) -> Iterator[Callable[..., Client]]:
    """Starts servers; all are gone after the test."""
    clients: list[Client] = []

    def make(*, initialize: bool = True, env: dict[str, str] | None = None, options: Any = None, **how: Any) -> Client:
        client = Client(cwd=project, env={**variables(home), **(env or {})}, **how)
        clients.append(client)
        if initialize:
            client.initialize(project, **{"interpreter": sys.executable, **(options or {})})
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(start: Callable[..., Client]) -> Client:
    return start()
