"""A long log comes in pieces: every line once, in order, nothing skipped."""

from __future__ import annotations

from pathlib import Path

from stackyard.storage.logs import LogReader, StepLog


def test_pieces_hold_every_line_once(tmp_path: Path) -> None:
    path = tmp_path / "step.jsonl"
    log = StepLog(path)
    for number in range(1000):
        log.write("stdout", f"line {number}\n")
    log.write("stdout", "the end without a line end")
    log.close()
    reader = LogReader(path, "step")
    seen: list[str] = []
    pieces = 0
    while True:
        seen.extend(line.text for line in reader.read(final=True, max_bytes=5000))
        pieces += 1
        if reader.at_end:
            break
        reader = LogReader.resume(path, "step", reader.token())
    assert pieces > 5
    assert seen == [*(f"line {number}" for number in range(1000)), "the end without a line end"]
