"""Many processes at once on a home that does not exist yet."""

from __future__ import annotations

from tests.integration.scenarios import first_runs_at_once
from tests.integration.user import User


def test_eight_first_runs_all_complete(user: User) -> None:
    first_runs_at_once(user, count=8)
