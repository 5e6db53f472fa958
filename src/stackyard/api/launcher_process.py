"""A short-lived process that starts a driver and exits, so that the driver is no descendant of whoever asked.

Run by path with a bare interpreter: ``python -I -S launcher_process.py`` with a JSON request on stdin; standard
library only. A language client that gives up on a hanging server kills that server's whole process tree: a driver that
were in it would die with it.

Request: ``command`` (list), ``cwd``, ``env``, ``log`` (file for the driver's own output). Answer: the driver's one line
of report on stdout; an empty answer means that it ended without one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

REPORT_VARIABLE = "STACKYARD_REPORT_FD"
_DETACHED_ON_WINDOWS = 0x00000008 | 0x00000200


def start_detached(request: dict[str, Any], report: int) -> None:
    """Start the driver in a session of its own, from a process that ends at once."""
    options: dict[str, Any] = {"start_new_session": True, "pass_fds": (report,)}
    if sys.platform == "win32":  # pragma: no cover  # other platform
        options = {"creationflags": _DETACHED_ON_WINDOWS, "close_fds": False}
    environment = {**request["env"], REPORT_VARIABLE: str(report)}
    with open(request["log"], "ab", buffering=0) as log:  # noqa: PTH123  # a small process without pathlib
        subprocess.Popen(  # what the editor's user asked for
            request["command"], cwd=request["cwd"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            **options,
        )  # fmt: skip


def main() -> int:
    """Start the driver and pass its report on."""
    request = json.load(sys.stdin)
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    if hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.close(reader)
                start_detached(request, writer)
                code = 0
            except OSError as error:
                message = f"{request['command'][0]} can't be started: {error.strerror or error}."
                failure = {"code": "E103", "message": message, "hint": "Choose another interpreter.", "location": None}
                os.write(writer, (json.dumps({"error": failure}) + "\n").encode())
            finally:
                os._exit(code)
        os.waitpid(child, 0)
    else:  # pragma: no cover  # other platform
        start_detached(request, writer)
    os.close(writer)
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(reader, 1 << 16)
        if not piece:
            break
        data += piece
    sys.stdout.write(data.decode("utf-8", errors="replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
