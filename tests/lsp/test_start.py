"""The server starts in any Python that serves, says clearly which does not, and ends as it is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.pythons import find_pythons

from tests.lsp.client import SERVER, TIMEOUT_S, Client

OLD = ("2.7", "3.6", "3.7", "3.8", "3.9")


def old_pythons() -> dict[str, str]:
    """Return the interpreters of this machine that are too old, by version."""
    found: dict[str, str] = {}
    for version in OLD:
        candidates = [
            *map(str, sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}*/bin/python"))),
            shutil.which(f"python{version}"),
        ]
        for candidate in filter(None, candidates):
            asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            done = subprocess.run(asked, capture_output=True, text=True)
            if done.stdout.strip() == version:
                found[version] = candidate
                break
    print("too old here:", found)
    return found


def refusal(python: str, server: Path = SERVER) -> dict[str, str]:
    """Start a server that can't work; return the error it prints, its only line."""
    done = subprocess.run(
        [python, "-S", str(server)], capture_output=True, text=True, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 7, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    return json.loads(line)["error"]


@pytest.mark.parametrize(("version", "python"), old_pythons().items())
def test_a_python_that_is_too_old_is_named_with_what_is_needed(version: str, python: str) -> None:
    error = refusal(python)
    assert error["code"] == "E103"
    assert "needs Python 3.10 or newer" in error["message"]
    assert f"is Python {version}." in error["message"]
    assert "stackyard.interpreter" in error["hint"]


@pytest.mark.parametrize("python", find_pythons().values())
def test_every_python_that_serves_gives_the_same_answers(start: Callable[..., Client], python: str) -> None:
    client = start(python=python)
    assert client.request("stackyard/status/show")["active"]["name"] == "default"
    assert [p["name"] for p in client.request("stackyard/pipeline/list")["pipelines"]] == ["adding", "slow"]
    assert client.shutdown() == 0


def test_missing_libraries_are_named(tmp_path: Path) -> None:
    server = tmp_path / "bundled" / "tool" / "lsp_server.py"
    server.parent.mkdir(parents=True)
    shutil.copy(SERVER, server)
    error = refusal(sys.executable, server)
    assert error["code"] == "E101"
    assert str(tmp_path / "bundled" / "libs") in error["message"]
    assert "npm run setup" in error["hint"]


def test_libraries_of_another_python_are_named(tmp_path: Path) -> None:
    server = tmp_path / "bundled" / "tool" / "lsp_server.py"
    server.parent.mkdir(parents=True)
    shutil.copy(SERVER, server)
    (tmp_path / "bundled" / "libs" / "pygls").mkdir(parents=True)
    (tmp_path / "bundled" / "libs" / "pydantic_core").mkdir()
    (tmp_path / "bundled" / "libs" / "pydantic_core" / "_pydantic_core.cpython-399-other.so").write_text("")
    error = refusal(sys.executable, server)
    assert error["code"] == "E103"
    assert sys.executable in error["message"]


def test_initialize_is_answered_before_the_backend_is_loaded(start: Callable[..., Client], project: Path) -> None:
    client = start(initialize=False)
    result = client.initialize(project)
    answered = time.monotonic()
    first = client.begin("stackyard/status/show")
    assert result["serverInfo"]["name"] == "stackyard"
    assert result["capabilities"]["hoverProvider"]
    assert client.finish(first)["project"]["name"] == "demo"
    print(f"backend loaded {time.monotonic() - answered:.2f} s after initialize")


def test_initialize_comes_within_a_small_factor_of_importing_pygls(start: Callable[..., Client], project: Path) -> None:
    libs = SERVER.parents[1] / "libs"
    code = f"import sys; sys.path.insert(0, {str(libs)!r}); import pygls.lsp.server, lsprotocol.types"

    def importing() -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
        return time.perf_counter() - begun

    def starting() -> float:
        begun = time.perf_counter()
        client = start(initialize=False)
        client.initialize(project)
        took = time.perf_counter() - begun
        client.close()
        return took

    pairs = [(importing(), starting()) for _ in range(3)]
    ratio = min(s for _, s in pairs) / min(i for i, _ in pairs)
    print(f"initialize answered at {ratio:.2f} x importing pygls and lsprotocol")
    assert ratio < 2.0, "the benchmark has the budget; this catches a heavy import that slipped in"


def test_nothing_of_the_users_is_on_the_path(start: Callable[..., Client], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("pydantic", "yaml", "stackyard", "sitecustomize", "usercustomize"):
        (trap / f"{name}.py").write_text("raise SystemExit('the user package was imported')\n")
    client = start(env={"PYTHONPATH": str(trap), "PYTHONSTARTUP": str(trap / "yaml.py")})
    assert client.request("stackyard/status/show")["active"]["name"] == "default"


def test_exit_without_shutdown_is_1_and_a_closed_stream_0(start: Callable[..., Client]) -> None:
    client = start()
    client.notify("exit")
    assert client.process.wait(timeout=TIMEOUT_S) == 1
    other = start()
    assert other.process.stdin is not None
    other.process.stdin.close()
    assert other.process.wait(timeout=TIMEOUT_S) == 0


@pytest.mark.parametrize("options", [{"trusted": "yes", "home": 3, "what": 1}, ["x"]])
def test_bad_options_never_stop_the_server(start: Callable[..., Client], project: Path, options: object) -> None:
    client = start(initialize=False)
    params = {"processId": None, "rootUri": project.as_uri(), "capabilities": {}, "initializationOptions": options}
    assert client.request("initialize", params)["serverInfo"]["name"] == "stackyard"
    client.notify("initialized", {})
    assert client.request("stackyard/status/show")["project"]["name"] == "demo"
    _, said = client.wait_for("window/logMessage", lambda p: p["type"] <= 2, since=0)
    assert "ption" in said["message"]


def test_another_editor_without_any_options_is_served(start: Callable[..., Client], project: Path) -> None:
    client = start(initialize=False)
    client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    client.notify("initialized", {})
    assert client.request("stackyard/status/show")["project"]["name"] == "demo", "the working folder counts"
    assert client.request("stackyard/pipeline/list")["indexing"] is False
