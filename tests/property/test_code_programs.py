"""Programs that were written to be overlooked: an edit that changes a step's result must change its digest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.soak.edits.judge import ROOT

PROGRAMS = ROOT / "tests" / "soak" / "edits" / "programs.txt"
"""Programs after ``===``, their files after ``---``, the edited file after ``<<<`` with the old text, the new one after
``>>>``; an ending ``\\n`` is a new line."""


def _programs() -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for program in PROGRAMS.read_text(encoding="utf-8").split("=== ")[1:]:
        name, _, rest = program.partition("\n")
        body, _, edit = rest.partition("<<< ")
        file, _, texts = edit.partition("\n")
        old, new = (text.strip("\n").replace("\\n", "\n") for text in texts.split(">>>\n"))
        files = {part.partition("\n")[0]: part.partition("\n")[2] for part in body.split("--- ")[1:]}
        before = {file: "", **files}[file]
        assert old in before, name
        found.append({"name": name, "files": files, "edited": {**files, file: before.replace(old, new, 1) or new}})
    return found


def test_an_edit_that_changes_the_result_changes_the_digest(tmp_path: Path) -> None:
    programs = _programs()
    assert len(programs) > 70
    (tmp_path / "programs.json").write_text(json.dumps(programs), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "tests.soak.edits.judge",
        "programs",
        str(tmp_path / "programs.json"),
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"same result": [], "stale": [], "never reused": []}
