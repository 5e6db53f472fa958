"""A real Jupyter kernel, and its cells."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from tests.integration.user import User

START_TIMEOUT_S = 300
CELL_TIMEOUT_S = 300


@dataclass
class Cell:
    """What came of a cell."""

    status: str
    """``ok`` or ``error``."""
    text: str
    """Both streams, in the order of arrival."""
    error: str = ""
    """Name and message of the exception."""
    traceback: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)
    """What was displayed: MIME type to value."""


class Notebook:
    """A kernel in the user's folder; cells are executed one after the other."""

    def __init__(self, client: BlockingKernelClient, pid: int) -> None:
        self._client = client
        self.pid = pid

    def send(self, code: str) -> str:
        """Execute a cell and do not wait; return its id."""
        return str(self._client.execute(code))

    def result(self, message_id: str, *, until: str = "") -> Cell:
        """Return what came of a cell, or of its beginning up to a text that it printed."""
        cell = Cell("", "")
        deadline = time.monotonic() + CELL_TIMEOUT_S
        while time.monotonic() < deadline:
            message = self._client.get_iopub_msg(timeout=CELL_TIMEOUT_S)
            if message["parent_header"].get("msg_id") != message_id:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                cell.text += content["text"]
                if until and until in cell.text:
                    return cell
            elif message["msg_type"] == "error":
                cell.error, cell.traceback = f"{content['ename']}: {content['evalue']}", "\n".join(content["traceback"])
            elif message["msg_type"] in ("display_data", "update_display_data", "execute_result"):
                cell.data.append(content["data"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                cell.status = "error" if cell.error else "ok"
                return cell
        raise AssertionError(f"the cell did not end: {cell}")

    def run(self, code: str) -> Cell:
        """Execute a cell."""
        return self.result(self.send(code))

    def do(self, code: str) -> Cell:
        """Execute a cell and insist that it raises nothing."""
        cell = self.run(code)
        assert cell.status == "ok", f"{cell.text}\n{cell.traceback}"
        return cell


@contextlib.contextmanager
def notebook(user: User) -> Iterator[Notebook]:
    """Start a kernel of the user's interpreter."""
    file = user.folder.parent / "kernel.json"
    write_connection_file(str(file))
    kernel = user.start(user.interpreter, "-m", "ipykernel_launcher", "-f", str(file))
    client = BlockingKernelClient()
    client.load_connection_info(json.loads(file.read_text(encoding="utf-8")))
    client.start_channels()
    try:
        _wait(client)
        yield Notebook(client, kernel.pid)
    finally:
        client.shutdown()
        client.stop_channels()
        with contextlib.suppress(Exception):
            kernel.wait(180)
        kernel.kill()


def _wait(client: BlockingKernelClient) -> None:
    """Wait until the kernel answers; on a busy machine its heartbeat may pause, which the client takes for its end."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            client.wait_for_ready(timeout=START_TIMEOUT_S)
            return
        except RuntimeError:
            if time.monotonic() > deadline:
                raise
