"""A small language client: a real server process, JSON-RPC over its stdio, no library of the server's."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "bundled" / "tool" / "lsp_server.py"
TIMEOUT_S = 180.0
"""Against hanging only: what must be quick is measured."""


class RequestError(Exception):
    """The server answered with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Client:
    """One server process and everything it says."""

    def __init__(
        self,
        *,
        cwd: Path,
        env: dict[str, str] | None = None,
        python: str = sys.executable,
        command: list[str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            command or [python, "-I", "-S", str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        self.notifications: list[tuple[float, str, Any]] = []
        self.raw: list[dict[str, Any]] = []
        self.stderr = ""
        self.closed = threading.Event()
        self._ids = itertools.count(1)
        self._answers: dict[Any, queue.Queue[dict[str, Any]]] = {}
        self._anonymous: queue.Queue[dict[str, Any]] = queue.Queue()
        self._news = threading.Condition()
        self._write_lock = threading.Lock()
        self._readers = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_stderr)]
        for reader in self._readers:
            reader.start()

    # -- talking

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        with self._write_lock:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def send(self, message: Any) -> None:
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def begin(self, method: str, params: Any = None) -> int:
        """Send a request; its answer is taken by `finish`."""
        message_id = next(self._ids)
        self._answers[message_id] = queue.Queue()
        self.send({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params})
        return message_id

    def finish(self, message_id: int, timeout_s: float = TIMEOUT_S) -> Any:
        try:
            answer = self._answers[message_id].get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"no answer to {message_id} in {timeout_s} s; stderr:\n{self.stderr}") from None
        if "error" in answer:
            raise RequestError(answer["error"])
        return answer["result"]

    def request(self, method: str, params: Any = None, timeout_s: float = TIMEOUT_S) -> Any:
        return self.finish(self.begin(method, params), timeout_s)

    def anonymous_answer(self, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """Return the next answer whose id is null: to a message that had none that could be read."""
        return self._anonymous.get(timeout=timeout_s)

    def expect(self, message_id: Any) -> queue.Queue[dict[str, Any]]:
        """Return where the answer to an id arrives that a test chose itself."""
        return self._answers.setdefault(message_id, queue.Queue())

    # -- listening

    def wait_for(self, method: str, test: Callable[[Any], bool], since: float, timeout_s: float = TIMEOUT_S) -> Any:
        """Return the first notification after a moment (time.monotonic) that passes a test."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while True:
                for at, name, params in self.notifications:
                    if at >= since and name == method and test(params):
                        return at, params
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no such {method} in {timeout_s} s; heard {self.notifications[-5:]}")
                self._news.wait(left)

    def _read(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                assert name == b"Content-Length", f"something else than the protocol on stdout: {line!r}"
                length = int(value)
            body = stream.read(length) if line else b""
            if not body or len(body) < length:  # it ended, maybe in the middle of a message
                self.closed.set()
                return
            self._take(json.loads(body, parse_constant=_refuse_constant))

    def _take(self, message: dict[str, Any]) -> None:
        self.raw.append(message)
        if "method" in message and "id" in message:
            with contextlib.suppress(OSError, ValueError):  # it may be gone meanwhile
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        elif "method" in message:
            with self._news:
                self.notifications.append((time.monotonic(), message["method"], message.get("params")))
                self._news.notify_all()
        elif message.get("id") is None:
            self._anonymous.put(message)
        else:
            self._answers.setdefault(message["id"], queue.Queue()).put(message)

    def _read_stderr(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line.decode(errors="replace")

    # -- life

    def initialize(self, folder: Path, **options: Any) -> dict[str, Any]:
        result = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
                "capabilities": {"general": {"positionEncodings": ["utf-16"]}},
                "initializationOptions": options or None,
            },
        )
        self.notify("initialized", {})
        return result

    def open(self, path: Path, text: str | None = None, language: str = "python") -> str:
        uri = path.as_uri()
        item = {"uri": uri, "languageId": language, "version": 1, "text": path.read_text() if text is None else text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return uri

    def hover(self, uri: str, line: int, character: int) -> Any:
        place = {"line": line, "character": character}
        return self.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})

    def shutdown(self) -> int:
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(timeout=TIMEOUT_S)

    def all_stderr(self) -> str:
        """Return what a server said that has ended."""
        self._readers[1].join(TIMEOUT_S)
        return self.stderr

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=TIMEOUT_S)
        for reader in self._readers:  # who still reads when its stream is closed would fail
            reader.join(5)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _refuse_constant(text: str) -> None:
    raise AssertionError(f"{text} is no JSON")
