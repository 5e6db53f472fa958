"""What the server says about stacks that can't be used, and when."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lsp.client import TIMEOUT_S, Client
from tests.lsp.test_changes import settle, told_within

CHANGED = "stackyard/didChange"
CHECK_MS = 50


def problems(client: Client, stack: str = "") -> dict[str, list[str]]:
    """Return subject of a check to the codes of its findings that are not ok."""
    items = client.request("stackyard/stack/check", {"stack": stack})["items"]
    return {
        item["check"]["subject"]: [f["code"] for f in item["check"]["findings"] if f["severity"] != "ok"]
        for item in items
    }


def wait_for_problems(client: Client, wanted: dict[str, list[str]], since: float) -> None:
    """Ask again after each change that is told: packages that come one by one are told one by one, too."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        since, _ = client.wait_for(
            CHANGED, lambda p: "stacks" in p["entities"], since, timeout_s=max(0.0, deadline - time.monotonic())
        )
        if problems(client) == wanted:
            return
        since = math.nextafter(since, math.inf)


def register(client: Client, component_type: str, name: str, flavor: str, configuration: dict[str, Any]) -> None:
    parts = {"orchestrator": "default", "artifact_store": "default", component_type: name}
    client.request(
        "stackyard/component/register",
        {"component_type": component_type, "name": name, "flavor": flavor, "configuration": configuration},
    )
    client.request("stackyard/stack/register", {"name": f"with_{name}", "components": parts})


def test_a_healthy_stack_has_findings_that_are_fine_and_is_not_among_those_with_problems(client: Client) -> None:
    (item,) = client.request("stackyard/stack/check", {"stack": "default"})["items"]
    assert item["check"]["usable"]
    assert {f["severity"] for f in item["check"]["findings"]} == {"ok"}
    assert problems(client) == {}


def test_a_secret_that_is_missing_is_told_everywhere_and_its_creation_in_a_shell_within_a_second(
    client: Client, cli: Callable[..., str], project: Path
) -> None:
    register(client, "alerter", "hook", "webhook", {"url": "{{hook.url}}"})
    assert problems(client) == {"stack 'with_hook'": ["secret_missing"]}
    described = client.request("stackyard/stack/describe", {"stack": "with_hook"})["markdown"]
    component = client.request("stackyard/component/describe", {"component_type": "alerter", "component": "hook"})
    for markdown in (described, component["markdown"]):
        assert "**Error**" in markdown
        assert "stackyard secret create hook --url=-" in markdown
    uri = client.open(project / "stackyard.yaml", "stacks:\n  with_hook:\n    alerter: hook\n", "yaml")
    assert client.hover(uri, 1, 4)["contents"]["value"] == described
    settle(client)
    create, delete = ("secret", "create", "hook", "--url=http://127.0.0.1:1/"), ("secret", "delete", "hook", "--yes")
    told_within(client, "stacks", lambda _: cli(*create), undo=lambda: cli(*delete, "--force"))
    assert problems(client) == {}


def test_packages_of_the_users_environment_count_not_the_servers(start: Callable[..., Client], tmp_path: Path) -> None:
    """Given an environment without mlflow, the tracker can't be used; once it is installed there, it can."""
    environment = tmp_path / "an environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = str(environment / "bin" / "python")
    (packages,) = environment.glob("lib/python*/site-packages")
    client = start(options={"interpreter": python})
    register(client, "experiment_tracker", "runs", "mlflow", {})
    assert problems(client) == {}, "nobody has asked that interpreter yet"

    begun = time.monotonic()
    client.request("stackyard/environment/check", {"interpreter": python})
    wait_for_problems(client, {"stack 'with_runs'": ["requirement_missing"]}, since=begun)
    (item,) = client.request("stackyard/stack/check", {"stack": "with_runs"})["items"]
    (finding,) = [f for f in item["check"]["findings"] if f["severity"] == "error"]
    assert python in finding["message"]
    assert finding["fix"].startswith(f'"{python}" -m pip install "')

    settle_at = time.monotonic()
    for name in ("alembic", "mlflow_skinny", "numpy", "pandas", "sqlalchemy"):
        folder = packages / f"{name}-99.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 99.0\n")
    wait_for_problems(client, {}, since=settle_at)


def test_before_trust_no_interpreter_is_asked_for_its_packages(start: Callable[..., Client], tmp_path: Path) -> None:
    trace = tmp_path / "started"
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho started >> '{trace}'\nexec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    client = start(options={"trusted": False, "interpreter": str(python)})
    register(client, "experiment_tracker", "runs", "mlflow", {})
    assert problems(client) == {}
    settle(client)
    assert not trace.exists()


def test_a_check_is_quick_with_many_stacks(client: Client) -> None:
    for number in range(30):
        register(client, "artifact_store", f"s{number}", "local", {})

    def best_ms(stack: str) -> float:
        """Return the time of the quickest of some: what it takes when the machine has time for it."""
        times = []
        for _ in range(15):
            begun = time.perf_counter()
            client.request("stackyard/stack/check", {"stack": stack})
            times.append((time.perf_counter() - begun) * 1000)
        return min(times)

    one, every = best_ms("with_s3"), best_ms("")
    print(f"one stack {one:.1f} ms, all 31 stacks {every:.1f} ms")
    assert one < CHECK_MS
    assert every < CHECK_MS
