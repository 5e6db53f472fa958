"""A tenth of the soak of the registry: many writers, some of them killed, and a reader."""

from __future__ import annotations

import pytest

from tests.integration.registry_scenario import change_registry_at_random
from tests.integration.user import User

pytestmark = pytest.mark.alone

LONGEST_WAIT_S = 15.0
"""Three times what the soak grants to each."""
STANDSTILL_S = 200.0
"""For each: a machine that others use, too, may stand still for minutes, and then for all that wait at the time."""


def test_sixteen_processes_change_the_registry_and_nothing_acknowledged_is_lost(user: User, seed: int) -> None:
    report = change_registry_at_random(user, seed, writers=16, each=10, kills=4)
    print(report)
    assert 0 < report.killed <= 4, "fewer when they were done before somebody could be killed"
    assert report.polls > 0
    assert report.percentile(0.5) < LONGEST_WAIT_S
    assert max(report.seconds) < STANDSTILL_S
