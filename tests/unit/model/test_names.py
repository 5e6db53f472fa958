"""Names: what is close, what is refused."""

from __future__ import annotations

import pytest

from stackyard.model.errors import InvalidNameError
from stackyard.model.names import check_name, closest, did_you_mean, folder_name


def test_typos_are_recognised() -> None:
    assert did_you_mean("defualt", ["default", "remote"]) == "Did you mean 'default'?"
    assert did_you_mean("xyz", ["default"]) == ""
    assert did_you_mean("nope", ["mine"]) == ""
    assert did_you_mean("T1", ["t2", "t1"]) == "Did you mean 't1'?"
    assert did_you_mean("bd", ["db", "bx"]) == "Did you mean 'db'?"
    assert sorted(closest("store", ["store_1", "store_2", "other"])) == ["store_1", "store_2"]


@pytest.mark.parametrize(
    "name", ["", " a", "a ", "-a", ":a", "a/b", "a\\b", "a\nb", "a\x00", "a*", "a{b}", "x" * 201, "\udcff", "a\u2028b"]
)
def test_names_that_files_and_shells_can_not_carry_are_refused(name: str) -> None:
    with pytest.raises(InvalidNameError) as caught:
        check_name(name, "artifact store")
    assert "artifact store" in caught.value.message
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("model", "model"),
        ("Model", "%4dodel"),
        ("a b", "a%20b"),
        ("a::b", "a%3a%3ab"),
        ("con", "%63on"),
        ("nul.txt", "%6eul.txt"),
        (".", "%2e"),
        ("..", "%2e%2e"),
        ("end.", "end%2e"),
        ("", "%"),
    ],
)
def test_folders(name: str, folder: str) -> None:
    assert folder_name(name) == folder
