"""Wrong messages get an error reply and nothing else happens; a broken frame ends the server with a message."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import SERVER, TIMEOUT_S, Client, RequestError


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "stack"),
        ({"stack": 3}, "stack"),
        ({"stack": "x", "scope": "planet"}, "scope"),
        ({"stack": "x", "more": 1}, "more"),
        ([], "params"),
        ("x", "params"),
    ],
)
def test_wrong_params_name_the_field(shared: Client, params: Any, field: str) -> None:
    with pytest.raises(RequestError) as caught:
        shared.request("stackyard/stack/activate", params)
    assert caught.value.code == -32602
    assert field in caught.value.message
    assert caught.value.data["message"] == caught.value.message


def test_wrong_params_of_a_standard_request_are_refused(shared: Client) -> None:
    with pytest.raises(RequestError) as caught:
        shared.request("textDocument/hover", {"textDocument": {"uri": 3}, "position": "x"})
    assert caught.value.code == -32602


@pytest.mark.parametrize("method", ["stackyard/no/such", "textDocument/nonsense", "$/unknown", ""])
def test_an_unknown_request_is_refused(shared: Client, method: str) -> None:
    with pytest.raises(RequestError) as caught:
        shared.request(method, {})
    assert caught.value.code == -32601


def test_params_may_hold_any_words(shared: Client) -> None:
    with pytest.raises(RequestError) as caught:
        shared.request(
            "stackyard/component/register",
            {
                "component_type": "artifact_store",
                "name": "x",
                "flavor": "no_such",
                "configuration": {"jsonrpc": "2.0", "id": 1, "method": "x", "type_name": "y"},
            },
        )
    assert (caught.value.code, caught.value.data["code"]) == (-32803, "C102")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{nonsense", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'"text"', -32600),
        (b"null", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc": "1.0", "method": "x"}', -32600),
        (b'{"jsonrpc": "2.0", "method": 3}', -32600),
        (b'{"jsonrpc": "2.0", "id": {"a": 1}, "method": "shutdown"}', -32600),
        (b'[{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}]', -32600),
    ],
)
def test_a_framed_message_that_is_wrong_gets_an_error_and_the_server_lives(
    shared: Client, body: bytes, code: int
) -> None:
    shared.send_bytes(frame(body))
    assert shared.anonymous_answer()["error"]["code"] == code
    assert shared.request("stackyard/stack/list")["items"]
    assert not [name for _, name, _ in shared.notifications if name == "window/showMessage"]


def test_a_wrong_message_with_an_id_is_answered_under_it(shared: Client) -> None:
    answer = shared.expect("mine")
    shared.send_bytes(frame(json.dumps({"jsonrpc": "2.0", "id": "mine", "method": 7}).encode()))
    assert answer.get(timeout=TIMEOUT_S)["error"]["code"] == -32600


def test_wrong_notifications_are_left_out(shared: Client) -> None:
    shared.notify("textDocument/didOpen", {"nonsense": True})
    shared.notify("textDocument/didChange", {"textDocument": {"uri": "file:///x", "version": 2}, "contentChanges": []})
    shared.notify("stackyard/configure", "nonsense")
    shared.notify("stackyard/no/such", {})
    shared.notify("$/cancelRequest", {"id": 12345})
    shared.send({"jsonrpc": "2.0", "id": "never-asked", "result": 1})
    assert shared.request("stackyard/stack/list")["items"]
    assert not [name for _, name, _ in shared.notifications if name == "window/showMessage"]


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"Content-Length: x\r\n\r\n",
        b"Content-Length: 999999999999\r\n\r\n",
        b"Content-Type: a\r\n\r\n{}",
        b"Content-Length: 2\n\n{}",
        b"x" * 10_000,
    ],
)
def test_a_broken_frame_ends_the_server_with_a_message(client: Client, data: bytes) -> None:
    client.send_bytes(data)
    assert client.process.wait(timeout=TIMEOUT_S) == 1
    assert client.closed.wait(timeout=TIMEOUT_S)
    assert "connection is broken" in client.all_stderr()


def test_header_names_are_read_as_the_base_protocol_says(shared: Client) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "x", "method": "stackyard/stack/list"}).encode()
    answer = shared.expect("x")
    kind = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n"
    shared.send_bytes(kind + b"content-length:%d\r\n\r\n" % len(body) + body)
    assert "result" in answer.get(timeout=TIMEOUT_S)


def test_before_initialize_and_after_shutdown_requests_are_refused(start: Callable[..., Client], project: Path) -> None:
    client = start(initialize=False)
    with pytest.raises(RequestError) as early:
        client.request("stackyard/stack/list")
    assert early.value.code == -32002
    client.initialize(project)
    client.request("shutdown")
    with pytest.raises(RequestError) as late:
        client.request("stackyard/stack/list")
    assert late.value.code == -32600
    client.notify("exit")
    assert client.process.wait(timeout=TIMEOUT_S) == 0


def test_a_cancelled_request_is_answered_at_once_and_blocks_nothing(
    start: Callable[..., Client], tmp_path: Path
) -> None:
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 25\n")
    sleeper.chmod(0o755)
    took = []
    for _ in range(4):  # one is enough: what it takes when the machine has time for it
        client = start()
        asked = [client.begin("stackyard/environment/check", {"interpreter": str(sleeper)}) for _ in range(6)]
        assert client.request("stackyard/stack/list")["items"], "slow requests have threads of their own"
        begun = time.monotonic()
        for message_id in asked:
            client.notify("$/cancelRequest", {"id": message_id})
        for message_id in asked:
            with pytest.raises(RequestError) as caught:
                client.finish(message_id)
            assert caught.value.code == -32800
        answered = time.monotonic()
        assert client.shutdown() == 0
        took.append((answered - begun, time.monotonic() - answered))
        if took[-1][0] < 2 and took[-1][1] < 5:
            break
    assert min(answers for answers, _ in took) < 2
    assert min(ends for _, ends in took) < 5, "a thread that still waits must not keep the server"


def test_noise_on_stdout_and_stdin_disturbs_nobody(start: Callable[..., Client], tmp_path: Path) -> None:
    """Given a handler's program that prints and a server whose own code prints, the protocol stays clean."""
    noisy = tmp_path / "noisy.py"
    noisy.write_text(
        "import os, runpy, sys, threading, time\n"
        f"sys.argv = [{str(SERVER)!r}]\n"
        "def shout():\n"
        "    while True:\n"
        "        print('noise'); os.write(1, b'raw noise\\n'); sys.stdout.flush(); os.read(0, 100); time.sleep(0.01)\n"
        "real = os.fdopen\n"
        "def fdopen(fd, mode='r', *rest, **more):\n"
        "    if mode == 'wb':\n"
        "        threading.Thread(target=shout, daemon=True).start()\n"
        "    return real(fd, mode, *rest, **more)\n"
        "os.fdopen = fdopen\n"
        f"runpy.run_path({str(SERVER)!r}, run_name='__main__')\n"
    )
    client = start(command=[sys.executable, "-I", "-S", str(noisy)])
    for _ in range(20):
        assert client.request("stackyard/stack/list")["items"]
    assert client.shutdown() == 0
    assert "raw noise" in client.all_stderr()


def test_many_requests_at_once_are_all_answered(shared: Client) -> None:
    asked = [shared.begin("stackyard/stack/list") for _ in range(200)]
    assert all(shared.finish(message_id)["items"] for message_id in asked)
    with pytest.raises(queue.Empty):
        shared._anonymous.get_nowait()
