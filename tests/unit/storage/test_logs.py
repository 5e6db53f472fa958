"""Logs as lines: progress bars, levels, files that are not there."""

from __future__ import annotations

from pathlib import Path

from stackyard.storage.logs import LogReader, StepLog


def _texts(path: Path) -> list[str]:
    return [line.text for line in LogReader(path, "s").read(final=True)]


def test_of_a_progress_bar_only_what_it_ends_with_is_given(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "a.jsonl")
    for text in ("10%\r", "50%\r", "100%", "\n", "done\r\n"):
        log.write("stderr", text)
    log.close()
    assert _texts(tmp_path / "a.jsonl") == ["100%", "done"]


def test_levels_and_times_are_kept_and_a_record_of_several_lines_is_several(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "a.jsonl")
    log.write("log", "one\ntwo", level="warning", at="2026-11-21T10:00:00.000Z")
    log.close()
    lines = LogReader(tmp_path / "a.jsonl", "s").read(final=False)
    assert [(line.text, line.level, line.stream, line.at[:4]) for line in lines] == [
        ("one", "warning", "log", "2026"),
        ("two", "warning", "log", "2026"),
    ]


def test_a_line_has_the_time_of_its_beginning(tmp_path: Path) -> None:
    log = StepLog(tmp_path / "a.jsonl")
    log.write("stdout", "a", at="2026-11-21T10:00:00.000Z")
    log.write("stdout", "b\nc", at="2026-11-21T10:00:01.000Z")
    log.close()
    lines = LogReader(tmp_path / "a.jsonl", "s").read(final=True)
    assert [(line.text, line.at[17:19]) for line in lines] == [("ab", "00"), ("c", "01")]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert _texts(tmp_path / "nothing.jsonl") == []
