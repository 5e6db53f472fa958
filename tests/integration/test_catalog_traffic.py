"""A tenth of the soak of the catalog: two writers and 20 readers at once."""

from __future__ import annotations

import pytest

from tests.integration.catalog_traffic import traffic
from tests.integration.user import User

pytestmark = pytest.mark.alone


def test_two_writers_and_twenty_readers_are_never_told_that_it_is_locked(user: User) -> None:
    report = traffic(user, runs_each=10)
    print(report)
    assert report.runs == 20
