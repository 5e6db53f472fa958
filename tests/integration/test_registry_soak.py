"""A tenth of the soak of the registry: many writers, some of them killed, and a reader."""

from __future__ import annotations

import pytest

from tests.integration.registry_scenario import change_registry_at_random
from tests.integration.user import User

pytestmark = pytest.mark.alone

LONGEST_WAIT_S = 15.0
"""Three times what the soak grants: other tests run on the same cores at the same time."""


@pytest.mark.timeout(300)
def test_sixteen_processes_change_the_registry_and_nothing_acknowledged_is_lost(user: User, seed: int) -> None:
    report = change_registry_at_random(user, seed, writers=16, each=10, kills=4)
    print(report)
    assert report.killed == 4
    assert report.polls > 0
    assert max(report.seconds) < LONGEST_WAIT_S
