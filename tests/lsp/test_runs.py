"""Runs started by the server: what is wrong is said clearly, and a run outlives a server that hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import TIMEOUT_S, Client, RequestError
from tests.lsp.test_start import old_pythons

START = "stackyard/run/start"
GATED = """\
import time
from pathlib import Path

from stackyard import pipeline, step


@step(enable_cache=False)
def wait(gate: str) -> None:
    while not Path(gate).exists():
        time.sleep(0.05)


@pipeline
def gated(gate: str):
    wait(gate)
"""
"""A run that is as long as the test wants, however slow the machine is."""


def refused(client: Client, **params: Any) -> dict[str, Any]:
    with pytest.raises(RequestError) as caught:
        client.request(START, params)
    assert caught.value.code == -32803, (caught.value.message, client.stderr)
    return dict(caught.value.data)


def descendants(pid: int) -> list[int]:
    """Return a process and all below it, as a language client finds them before it kills them."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, pending = [], [pid]
    while pending:
        current = pending.pop()
        found.append(current)
        pending += [child for child, parent in parents if parent == current]
    return found


@pytest.fixture(scope="session")
def old_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of a user who needs a pydantic that is too old."""
    folder = tmp_path_factory.mktemp("old pydantic") / ".venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "pydantic==1.10.24"],
        check=True,
        capture_output=True,
    )
    return python


def test_a_broken_project_file_refuses_a_run_and_is_named(start: Callable[..., Client], project: Path) -> None:
    (project / "stackyard.yaml").write_text("version: [\n")
    error = refused(start(), file=str(project / "slow.py"), function="slow")
    assert error["code"] == "C105"
    assert str(project / "stackyard.yaml") in error["message"]


def test_a_run_outlives_a_server_that_hangs(start: Callable[..., Client], project: Path) -> None:
    """Given a server that does not answer any more, when the client kills its process tree, then the run completes."""
    goes_on = project / "goes on"
    (project / "gated.py").write_text(GATED)
    client = start()
    run = client.request(
        START, {"file": str(project / "gated.py"), "function": "gated", "parameters": {"gate": str(goes_on)}}
    )
    os.kill(client.process.pid, signal.SIGSTOP)
    for pid in descendants(client.process.pid):
        os.kill(pid, signal.SIGKILL)
    client.process.wait(timeout=TIMEOUT_S)
    other = start()

    def status() -> str:
        return str(other.request("stackyard/run/show", {"run": run["run_id"]})["status"])

    assert status() in ("initializing", "running"), "the run goes on although the server died"
    goes_on.touch()
    deadline = time.monotonic() + TIMEOUT_S
    while status() in ("initializing", "running") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert status() == "completed"


def test_news_of_a_run_come_as_it_goes(client: Client, project: Path) -> None:
    begun = time.monotonic()
    run = client.request(START, {"file": str(project / "adding.py"), "function": "add_up"})
    client.wait_for("stackyard/didChange", lambda p: run["run_id"] in p["runs"] or "runs" in p["entities"], since=begun)
    client.wait_for("stackyard/didChange", lambda p: "artifacts" in p["entities"], since=begun)


def test_what_keeps_a_run_from_starting_is_said(client: Client, project: Path) -> None:
    (project / "broken.py").write_text("from stackyard import pipeline\n\n@pipeline\ndef p(:\n    pass\n")
    (project / "raises.py").write_text("raise RuntimeError('at import')\n")
    (project / "plain.py").write_text("x = 1\n")
    broken = refused(client, file=str(project / "broken.py"), function="p")
    assert broken["code"] == "D103"
    assert (broken["location"]["file"], broken["location"]["line"]) == (str(project / "broken.py"), 4)
    assert refused(client, file=str(project / "raises.py"), function="p")["code"] == "D103"
    assert refused(client, file=str(project / "gone.py"), function="p")["code"] == "D103"
    assert refused(client, file=str(project / "plain.py"), function="p")["code"] == "N107"
    assert refused(client, file=str(project / "adding.py"), function="nobody")["code"] == "N107"
    adding = {"file": str(project / "adding.py"), "function": "add_up"}
    wrong = refused(client, **adding, parameters={"count": "many"})
    assert wrong["code"] == "D104"
    assert "count" in wrong["message"]
    assert refused(client, **adding, stack="nobody")["code"] == "N101"
    assert refused(client, **adding, config=str(project / "gone.yaml"))["code"] == "C104"
    assert client.request("stackyard/run/list", {})["total"] == 0, "nothing ran"


def test_an_interpreter_that_is_missing_or_none_is_said(start: Callable[..., Client], project: Path) -> None:
    client = start(options={"interpreter": ""})
    adding = {"file": str(project / "adding.py"), "function": "add_up"}
    assert refused(client, **adding)["code"] == "E103"
    client.notify("stackyard/configure", {"interpreter": str(project / "nowhere")})
    error = refused(client, **adding)
    assert error["code"] == "E103"
    assert "nowhere" in error["message"]


@pytest.mark.parametrize(("version", "python"), [(v, p) for v, p in old_pythons().items() if v.startswith("3")])
def test_a_python_too_old_for_runs_is_named(shared: Client, version: str, python: str) -> None:
    shared.notify("stackyard/configure", {"interpreter": python})
    listed = shared.request("stackyard/pipeline/list")["pipelines"]
    error = refused(shared, file=listed[0]["file"], function=listed[0]["function"])
    assert error["code"] == "E103"
    assert f"is Python {version}." in error["message"]
    assert "3.10 or newer" in error["message"]
    assert error["hint"]


def test_a_package_that_is_too_old_is_named_with_its_upgrade(
    start: Callable[..., Client], project: Path, old_environment: Path
) -> None:
    client = start(options={"interpreter": str(old_environment)})
    error = refused(client, file=str(project / "adding.py"), function="add_up")
    assert error["code"] == "E102"
    assert "pydantic 1.10.24" in error["message"]
    assert "2.7 or newer" in error["message"]
    assert error["hint"] == f'Upgrade it: {old_environment} -m pip install "pydantic>=2.7"'
    found = client.request("stackyard/environment/check", {"interpreter": str(old_environment)})
    assert (found["usable"], found["problem"], found["hint"]) == (False, error["message"], error["hint"])


def test_a_run_that_the_client_gave_up_on_is_stopped(client: Client, project: Path, home: Path) -> None:
    client.request("stackyard/status/show")
    asked = client.begin(START, {"file": str(project / "slow.py"), "function": "slow", "parameters": {"seconds": 600}})
    deadline = time.monotonic() + TIMEOUT_S
    while not any(home.rglob("request.json")):  # which the driver that is being started reads
        assert time.monotonic() < deadline, "nothing was started"
        time.sleep(0.01)
    client.notify("$/cancelRequest", {"id": asked})
    with pytest.raises(RequestError) as caught:
        client.finish(asked)
    assert caught.value.code == -32800
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        runs = client.request("stackyard/run/list", {})["items"]
        if runs and runs[0]["ended_at"]:
            break
        time.sleep(0.2)
    assert runs[0]["status"] == "stopped"


MENDED = """
from pathlib import Path
from stackyard import pipeline, step

@step
def load(n: int) -> int:
    return n

@step
def train(x: int) -> int:
    if not (Path(__file__).parent / "mended").exists():
        raise ValueError("no luck")
    return x

@step
def waits(x: int) -> int:
    import time
    time.sleep(0 if (Path(__file__).parent / "go").exists() else 600)
    return x

@pipeline(enable_cache=False)
def mend(n: int = 1) -> None:
    train(load(n))

@pipeline(enable_cache=False)
def slow() -> None:
    waits(load(1))
"""


def ended(client: Client, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        run = client.request("stackyard/run/show", {"run": run_id})
        if run["ended_at"]:
            return dict(run)
        time.sleep(0.1)
    raise AssertionError(run)


def error_of(client: Client, method: str, **params: Any) -> str:
    with pytest.raises(RequestError) as caught:
        client.request(method, params)
    return str(caught.value.data["code"])


def test_a_run_goes_on_is_repeated_and_deleted(client: Client, project: Path) -> None:
    """Given a run that failed, the server goes on with it, repeats it, stops one step of a run, and deletes runs."""
    (project / "mend.py").write_text(MENDED)
    failed = client.request(START, {"file": str(project / "mend.py"), "function": "mend", "parameters": {"n": "7"}})
    assert ended(client, failed["run_id"])["status"] == "failed"
    (project / "mended").touch()
    resumed = client.request("stackyard/run/resume", {"run": failed["name"]})
    assert resumed == failed
    run = ended(client, failed["run_id"])
    assert {step["name"]: step["status"] for step in run["steps"]} == {"load": "completed", "train": "completed"}
    assert error_of(client, "stackyard/run/resume", run=failed["run_id"]) == "X107"
    assert client.request("stackyard/run/logs", {"run": failed["run_id"]})["finished"], "its logs are kept"

    again = client.request("stackyard/run/retry", {"run": failed["run_id"]})
    assert again["run_id"] != failed["run_id"]
    assert ended(client, again["run_id"])["parameters"] == {"n": 7}

    slow = client.request(START, {"file": str(project / "mend.py"), "function": "slow"})
    deadline = time.monotonic() + 180
    while client.request("stackyard/run/show", {"run": slow["name"]})["steps"][1]["status"] != "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert error_of(client, "stackyard/run/delete", runs=[slow["name"]]) == "X102"
    assert error_of(client, "stackyard/run/stop", run=slow["name"], step="wait") == "N104"
    client.request("stackyard/run/stop", {"run": slow["name"], "step": "waits"})
    stopped = ended(client, slow["run_id"])
    assert {step["name"]: step["status"] for step in stopped["steps"]} == {"load": "completed", "waits": "stopped"}

    begun = time.monotonic()
    ids = [failed["run_id"], again["run_id"]]
    assert client.request("stackyard/run/delete", {"runs": ids}) == {"deleted": ids}
    client.wait_for("stackyard/didChange", lambda p: "runs" in p["entities"], since=begun)
    assert [item["name"] for item in client.request("stackyard/run/list", {})["items"]] == [slow["name"]]
    client.notify("stackyard/configure", {"trusted": False})
    assert error_of(client, "stackyard/run/resume", run=slow["name"]) == "U100"
