"""Logs as lines: progress bars, levels, files that are not there."""

from __future__ import annotations

import resource
import signal
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


def test_output_that_finds_no_room_is_told_once_and_noted_where_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    told: list[str] = []
    log = StepLog(path, told.append)
    log.write("stdout", "before\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))  # room for a part of an entry
    try:
        log.write("stdout", "lost\n")
        log.write("stderr", "lost, too\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    log.write("stdout", "after\n")
    log.close()
    assert len(told) == 1
    assert str(path) in told[0]
    assert "file too large" in told[0]
    assert _texts(path) == ["before", "15 characters of output are missing here: file too large", "after"]


def test_a_log_whose_folder_is_gone_ends_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    log = StepLog(tmp_path / "gone" / "a.jsonl", told.append)
    log.write("stdout", "lost\n")
    log.close()
    assert len(told) == 1


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert _texts(tmp_path / "nothing.jsonl") == []
