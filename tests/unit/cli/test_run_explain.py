"""How changes are shown beside each other."""

from __future__ import annotations

import pytest

from stackyard.cli.run_explain import SHOWN, print_changes
from stackyard.model.enums import MissReason
from stackyard.model.explain_views import ChangeView


def test_many_changes_are_cut_where_all_can_be_seen_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    reason = MissReason.PARAMETER_CHANGED
    changes = [
        ChangeView(part="parameters", name=f"p{i}", reason=reason, before=i, after=i + 1) for i in range(SHOWN + 3)
    ]
    print_changes(changes, "stackyard run explain demo-2 train")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "    parameter p0: 0 → 1"
    assert (len(lines), lines[-1]) == (SHOWN + 1, "    and 3 more: stackyard run explain demo-2 train")
    print_changes(changes)
    assert len(capsys.readouterr().out.splitlines()) == SHOWN + 3
