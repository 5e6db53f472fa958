"""Many processes at once on a home that does not exist yet."""

from __future__ import annotations

import pytest

from tests.integration.scenarios import first_runs_at_once, register_at_once, registered
from tests.integration.user import User


@pytest.mark.timeout(240)
def test_eight_processes_register_fifty_components_each(user: User) -> None:
    acknowledged = register_at_once(user, writers=8, each=50)
    assert len(acknowledged) == 400
    assert registered(user) == acknowledged


@pytest.mark.timeout(240)
def test_eight_first_runs_all_complete(user: User) -> None:
    first_runs_at_once(user, count=8)
