"""Integrations: what may go, and what must stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api.integrations import removable


def test_what_a_broken_removal_left_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without metadata is a distribution without a name."""
    before = removable(["sklearn"])
    (tmp_path / "gone-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert removable(["sklearn"]) == before
