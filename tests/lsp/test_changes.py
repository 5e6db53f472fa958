"""What any process does reaches the client within a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.lsp.client import Client

WITHIN_S = 1.0
CHANGED = "stackyard/didChange"


def settle(client: Client) -> None:
    """Wait until the first index is told and the watcher has had a few turns."""
    client.wait_for(CHANGED, lambda p: "pipelines" in p["entities"], since=0)
    time.sleep(0.5)


def delay_of(client: Client, entity: str, act: Callable[[], float]) -> float:
    """Act, and return how many seconds after its end the client heard of the entity."""
    begun = time.monotonic()
    ended = act()
    at, _ = client.wait_for(CHANGED, lambda p: entity in p["entities"], since=begun)
    return at - ended


def test_a_switch_in_a_shell_is_told(client: Client, cli: Callable[..., str], home: Path) -> None:
    cli("artifact-store", "register", "second_store", "--flavor=local")
    cli("stack", "register", "second", "-o", "default", "-a", "second_store")
    settle(client)

    def switch() -> float:
        cli("stack", "set", "second")
        return time.monotonic()

    delay = delay_of(client, "active_stack", switch)
    print(f"told {delay:.2f} s after the command ended")
    assert delay < WITHIN_S
    assert client.request("stackyard/stack/list")["active"]["name"] == "second"


def test_a_registration_in_a_shell_is_told(client: Client, cli: Callable[..., str]) -> None:
    settle(client)

    def register() -> float:
        cli("artifact-store", "register", "another", "--flavor=local")
        return time.monotonic()

    assert delay_of(client, "stacks", register) < WITHIN_S


def test_pipelines_follow_files_and_unsaved_texts(client: Client, project: Path) -> None:
    settle(client)

    def pipelines() -> list[str]:
        return [p["function"] for p in client.request("stackyard/pipeline/list")["pipelines"]]

    def write() -> float:
        (project / "more.py").write_text("from stackyard import pipeline\n@pipeline\ndef more(): ...\n")
        return time.monotonic()

    assert delay_of(client, "pipelines", write) < WITHIN_S
    assert pipelines() == ["add_up", "more", "slow"]
    begun = time.monotonic()
    uri = client.open(project / "more.py", "from stackyard import pipeline\n@pipeline\ndef typed(): ...\n")
    client.wait_for(CHANGED, lambda p: "pipelines" in p["entities"], since=begun)
    assert pipelines() == ["add_up", "typed", "slow"]
    begun = time.monotonic()
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.wait_for(CHANGED, lambda p: "pipelines" in p["entities"], since=begun)
    assert pipelines() == ["add_up", "more", "slow"]


def test_a_file_event_of_the_editor_is_told_at_once(client: Client, project: Path) -> None:
    settle(client)

    def write() -> float:
        path = project / "event.py"
        path.write_text("from stackyard import pipeline\n@pipeline\ndef event(): ...\n")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": path.as_uri(), "type": 1}]})
        return time.monotonic()

    assert delay_of(client, "pipelines", write) < 0.5


def test_another_project_is_told_as_a_whole(client: Client, tmp_path: Path) -> None:
    settle(client)
    other = tmp_path / "other"
    other.mkdir()
    (other / "stackyard.yaml").write_text("version: 1\nproject:\n  name: other\n")
    (other / "p.py").write_text("from stackyard import pipeline\n@pipeline\ndef there(): ...\n")
    begun = time.monotonic()
    client.notify("stackyard/configure", {"project_path": str(other / "p.py")})
    at, params = client.wait_for(CHANGED, lambda p: "project" in p["entities"], since=begun)
    assert at - begun < WITHIN_S
    assert set(params["entities"]) == {"stacks", "active_stack", "runs", "artifacts", "pipelines", "project"}
    assert client.request("stackyard/status/show")["project"]["name"] == "other"
    client.wait_for(CHANGED, lambda p: p["entities"] == ["pipelines"], since=begun)
    assert [p["function"] for p in client.request("stackyard/pipeline/list")["pipelines"]] == ["there"]


def test_a_project_made_by_init_is_noticed(
    start: Callable[..., Client], project: Path, cli: Callable[..., str]
) -> None:
    (project / "stackyard.yaml").unlink()
    client = start()
    settle(client)
    assert client.request("stackyard/status/show")["project"]["root"] == ""

    def init() -> float:
        cli("init")
        return time.monotonic()

    assert delay_of(client, "project", init) < WITHIN_S + 0.5
    assert client.request("stackyard/status/show")["project"]["root"] == str(project)
