"""A command on a real terminal: what it prints, and answers typed into it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path


def on_terminal(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], *, columns: int = 80, typed: str = ""
) -> tuple[int, str]:
    """Return exit code and output of a command whose three streams are one terminal, with words typed ahead."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {k: v for k, v in environment.items() if k not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        command, cwd=folder, env={**variables, "TERM": "xterm"}, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        text = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the terminal is closed with its last process
                break
            if not piece:
                break
            text += piece
        code = process.wait()
    os.close(ours)
    return code, text.decode().replace("\r\n", "\n")
