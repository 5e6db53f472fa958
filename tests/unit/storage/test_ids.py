"""Ids and times."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path

from stackyard.storage.host import expand, host_id, network_file_system, reason_of, user_name
from stackyard.storage.ids import moment_of, new_id, now


def test_ids_are_uuid7_and_sort_by_time() -> None:
    ids: list[str] = []
    for pause in (0.002, 0, 0.00001, 0, 0.001, 0):
        ids += [new_id() for _ in range(100)]
        time.sleep(pause)
    assert ids == sorted(ids)
    assert abs(moment_of(ids[-1]) - time.time()) < 60
    assert len({new_id() for _ in range(2000)}) == 2000
    for text in ids:
        parsed = uuid.UUID(text)
        assert str(parsed) == text
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_now_is_utc_with_milliseconds() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now())


def test_the_machine_and_the_user_have_names() -> None:
    assert host_id()
    assert host_id() == host_id()
    assert isinstance(user_name(), str)


def test_a_local_folder_is_no_network_path(tmp_path: Path) -> None:
    assert not network_file_system(tmp_path)


def test_an_os_error_is_told_in_words() -> None:
    assert reason_of(FileNotFoundError(2, "No such file or directory", "x")) == "no such file or directory"
    assert reason_of(OSError("odd")) == "odd"
    assert reason_of(OSError()) == "oserror"


def test_paths_are_made_absolute_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert expand(f"{tmp_path}/link/../link/x") == str(tmp_path / "link" / "x")
