"""Every request of the protocol, through the real server, with answers that are what the protocol says."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from stackyard_ls.commands import HANDLERS
from stackyard_ls.protocol import REQUESTS
from tests.lsp.client import Client, RequestError

RESULTS = {method.name: TypeAdapter(method.result) for method in REQUESTS}


class Checked:
    """Asks, and checks that each answer is complete: every field there, none unknown."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.asked: set[str] = set()

    def __call__(self, method: str, **params: Any) -> Any:
        self.asked.add(method)
        result = self.client.request(method, params)
        parsed = RESULTS[method].validate_python(result)
        assert RESULTS[method].dump_python(parsed, mode="json") == result
        return result

    def refused(self, method: str, code: str, **params: Any) -> dict[str, Any]:
        with pytest.raises(RequestError) as caught:
            self.client.request(method, params)
        assert caught.value.code == -32803, caught.value.message
        assert caught.value.data["code"] == code, caught.value.data
        assert caught.value.data["message"] == caught.value.message
        return dict(caught.value.data)


def finished(ask: Checked, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        run = ask("stackyard/run/show", run=run_id)
        if run["ended_at"]:
            return dict(run)
        time.sleep(0.2)
    raise AssertionError(f"the run does not end: {run}")


def test_every_request_has_a_handler() -> None:
    assert set(HANDLERS) == {method.name for method in REQUESTS}


def test_a_whole_session(start: Callable[..., Client], project: Path, home: Path) -> None:
    """Given a fresh home, every request answers as its types say, from the first stack to an artifact's preview."""
    client = start()
    ask = Checked(client)

    status = ask("stackyard/status/show")
    assert (status["home"], status["project"]["root"], status["running"]) == (str(home), str(project), 0)

    assert not ask("stackyard/environment/check", interpreter=status["python"].split("(")[1][:-1])["problem"]

    stores = ask("stackyard/component/list", component_type="artifact_store")["items"]
    assert [c["name"] for c in stores] == ["default"]
    store = ask(
        "stackyard/component/register",
        component_type="artifact_store",
        name="my_store",
        flavor="local",
        configuration={"path": str(home / "elsewhere")},
    )["component"]
    assert (
        ask("stackyard/component/describe", component_type="artifact_store", component="my_store")["component"] == store
    )
    ask.refused("stackyard/component/describe", "N102", component_type="artifact_store", component="nobody")
    ask.refused(
        "stackyard/component/register", "X101", component_type="artifact_store", name="my_store", flavor="local"
    )
    ask.refused("stackyard/component/register", "C102", component_type="artifact_store", name="x", flavor="nobody")

    made = ask(
        "stackyard/stack/register", name="second", components={"orchestrator": "default", "artifact_store": "my_store"}
    )
    assert "my\\_store" in made["markdown"]
    ask.refused("stackyard/stack/register", "C101", name="third", components={"orchestrator": "default"})
    before = ask("stackyard/stack/list")
    assert [s["name"] for s in before["items"]] == ["default", "second"]
    switched = ask("stackyard/stack/activate", stack="second")
    assert (switched["active"]["name"], switched["previous"]) == ("second", before["active"]["id"])
    assert [s["name"] for s in ask("stackyard/stack/list")["items"]] == ["second", "default"]
    assert ask("stackyard/stack/describe", stack="second")["stack"]["active"] is True
    ask.refused("stackyard/stack/describe", "N101", stack="nobody")
    (checked,) = ask("stackyard/stack/check", stack="second")["items"]
    assert (checked["id"], checked["check"]["usable"]) == (made["stack"]["id"], True)
    assert ask("stackyard/stack/check")["items"] == []
    ask.refused("stackyard/stack/check", "N101", stack="nobody")

    listed = ask("stackyard/pipeline/list")
    (adding, _) = listed["pipelines"]
    assert (adding["name"], adding["function"], adding["steps"]) == ("adding", "add_up", ["load", "total"])
    assert [s["function"] for s in listed["steps"]] == ["load", "total", "wait"]

    started = ask("stackyard/run/start", file=adding["file"], function="add_up", parameters={"count": "4"})
    run = finished(ask, started["run_id"])
    assert (run["status"], run["name"], run["stack"]) == ("completed", started["name"], "second")
    assert run["parameters"]["count"] == 4
    assert [s["status"] for s in run["steps"]] == ["completed", "completed"]
    page = ask("stackyard/run/list", limit=10)
    assert [r["id"] for r in page["items"]] == [run["id"]]
    ask.refused("stackyard/run/show", "N103", run="nobody")

    explained = ask("stackyard/run/explain", run=run["id"], step="total")
    assert [(s["step"], s["reused"], s["reason"]) for s in explained["steps"]] == [("total", False, "never_ran")]

    logs = ask("stackyard/run/logs", run=run["id"])
    assert "adding 4 numbers" in [line["text"] for line in logs["lines"]]
    assert logs["finished"]
    assert ask("stackyard/run/logs", run=run["id"], cursor=logs["cursor"])["lines"] == []

    ask.refused("stackyard/run/stop", "X104", run=run["id"])
    slow = ask("stackyard/run/start", file=str(project / "slow.py"), function="slow", parameters={"seconds": 600})
    assert ask("stackyard/status/show")["running"] == 1
    assert ask("stackyard/run/stop", run=slow["run_id"])["run"]["id"] == slow["run_id"]
    assert finished(ask, slow["run_id"])["status"] == "stopped"

    artifacts = ask("stackyard/artifact/list", artifact_store_id=store["id"])["items"]
    assert artifacts
    versions = ask("stackyard/artifact/versions", artifact_store_id=store["id"], name=artifacts[0]["name"])["items"]
    shown = ask("stackyard/artifact/show", id=versions[0]["id"])
    assert shown["version"]["preview"] is not None
    assert shown["version"]["uri"].startswith(str(home / "elsewhere"))
    assert Path(shown["version"]["files"][0]["path"]).exists()
    ask.refused("stackyard/artifact/show", "N105", id="nobody")
    lineage = ask("stackyard/artifact/lineage", id=versions[0]["id"], down=False)
    assert [node["kind"] for node in lineage["nodes"][:2]] == ["artifact_version", "step_run"]
    assert {edge["target"] for edge in lineage["edges"]} >= {versions[0]["id"]}
    ask.refused("stackyard/artifact/lineage", "N105", id="nobody")
    numbers = next(a for a in artifacts if a["type"] == "list")
    page = ask("stackyard/artifact/page", id=numbers["latest_version_id"], limit=2, sort=[{"column": "value"}])
    assert page["rows"] == [[0], [1]]
    assert ask("stackyard/artifact/statistics", id=numbers["latest_version_id"], column="value")["statistics"]["mean"]

    first = ask("stackyard/project/createFirstPipeline", folder=str(project))
    second = ask("stackyard/project/createFirstPipeline", folder=str(project))
    assert first["file"] != second["file"]
    begun = time.monotonic()
    client.wait_for("stackyard/didChange", lambda p: "pipelines" in p["entities"], since=begun - 1)
    started = ask("stackyard/run/start", file=first["file"], function=first["function"])
    assert finished(ask, started["run_id"])["status"] == "completed"

    left = {method.name for method in REQUESTS} - ask.asked
    elsewhere = {"stackyard/environment/install", *(f"stackyard/run/{verb}" for verb in ("delete", "resume", "retry"))}
    assert left == elsewhere, "test_install.py and test_runs.py have these"
