"""Before the workspace is trusted nothing of it is started."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lsp.client import Client, RequestError


def test_nothing_is_started_before_trust_and_everything_after(start: Callable[..., Client], project: Path) -> None:
    trace = project / "started"
    evil = project / ".venv" / "bin" / "python"
    evil.parent.mkdir(parents=True)
    evil.write_text(f"#!/bin/sh\necho started >> '{trace}'\nexec '{sys.executable}' \"$@\"\n")
    evil.chmod(0o755)
    (project / "evil.py").write_text(
        f"from stackyard import pipeline\nopen({str(trace)!r}, 'a').write('ran')\n@pipeline\ndef p(): ...\n"
    )
    (project / "sitecustomize.py").write_text(f"open({str(trace)!r}, 'a').write('ran')\n")
    client = start(options={"trusted": False, "interpreter": str(evil)})
    for method, params in {
        "stackyard/run/start": {"file": str(project / "adding.py"), "function": "add_up"},
        "stackyard/environment/check": {"interpreter": str(evil)},
        "stackyard/environment/install": {"interpreter": str(evil)},
        "stackyard/artifact/page": {"id": "any"},
        "stackyard/artifact/statistics": {"id": "any", "column": "any"},
    }.items():
        with pytest.raises(RequestError) as caught:
            client.request(method, params)
        assert caught.value.code == -32803
        assert "not trusted" in caught.value.message
        assert "Workspace Trust" in caught.value.data["hint"]
    assert client.request("stackyard/stack/list")["items"], "reading goes on"
    assert "p" in [p["name"] for p in client.request("stackyard/pipeline/list")["pipelines"]]
    time.sleep(1)
    assert not trace.exists()

    client.notify("stackyard/configure", {"trusted": True})
    found = client.request("stackyard/environment/check", {"interpreter": str(evil)})
    assert found["usable"], found
    assert trace.read_text() == "started\n"


def test_trust_of_the_wrong_type_is_no_trust(start: Callable[..., Client], project: Path) -> None:
    client = start(options={"trusted": "true"})
    with pytest.raises(RequestError, match="not trusted"):
        client.request("stackyard/environment/check", {"interpreter": sys.executable})
