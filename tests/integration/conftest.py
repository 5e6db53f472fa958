"""What every test of real processes starts from, and the check that nothing outlives it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.full_stack import equip
from tests.integration.user import User

FIXED_SEED = 20
SEED_VARIABLE = "STACKYARD_TEST_SEED"
# Chosen once a session, for all of its processes; with the variable a failure can be repeated.
RANDOM_SEED = int(os.environ.setdefault(SEED_VARIABLE, str(random.randrange(1, 2**31))))


def pytest_report_header() -> str:
    """Say how to repeat this session's random choices."""
    return f"random seed: {RANDOM_SEED} (again: {SEED_VARIABLE}={RANDOM_SEED})"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give tests that take chances one fixed seed and one of this session."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", [FIXED_SEED, RANDOM_SEED], ids=lambda seed: f"seed-{seed}")


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    """A user with an empty project and a home that does not exist; fails a test that leaves a process behind."""
    folder = tmp_path / "project"
    folder.mkdir()
    someone = User(folder, tmp_path / "home")
    try:
        yield someone
        left = someone.left_behind()
        assert not left, f"still running: {'; '.join(map(str, left))}"
    finally:
        someone.clean_up()


@pytest.fixture(scope="session")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Someone whose stack has everything; others get a copy of the registry, nothing is run here."""
    folder = tmp_path_factory.mktemp("equipped")
    (folder / "project").mkdir()
    return equip(User(folder / "project", folder / "home"))


@pytest.fixture
def own(user: User, equipped: User) -> User:
    """The user, with a stack that has everything."""
    return equip(user, equipped.home / "registry.json")
