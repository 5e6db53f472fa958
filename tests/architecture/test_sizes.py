"""One noun or one phase a file: none is longer than 400 lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400
SOURCES = {".py", ".ts", ".mjs", ".cjs", ".sh"}
GENERATED = {"extension/src/protocol.ts"}


def _sources() -> list[Path]:
    """Return the files of the repository, those not committed yet included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [ROOT / name for name in listed if Path(name).suffix in SOURCES and name not in GENERATED]


def test_no_file_is_too_long() -> None:
    sources = [path for path in _sources() if path.is_file()]
    assert len(sources) > 100
    lines = {path.relative_to(ROOT).as_posix(): path.read_bytes().count(b"\n") for path in sources}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
