"""What every test starts from: no setting of the user's, and a home of its own that does not exist yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines that build are busy: a slow example says nothing, and the same seed must find the same examples. Nor does it
# say anything that the first examples of some seed happen to be large, or to be none.
_BY_CHANCE = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
settings.register_profile("stackyard", deadline=None, max_examples=50, suppress_health_check=_BY_CHANCE)
settings.load_profile("stackyard")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: one of them at the end would leave the other cores without work."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("STACKYARD_")]:
        monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("STACKYARD_HOME", str(folder / "stackyard"))
    monkeypatch.setenv("STACKYARD_SECRETS_KEY_FILE", str(folder / "secrets.key"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("STACKYARD_LOCK_TIMEOUT", "200")  # a busy machine may stand still longer than the default


@pytest.fixture
def home(_own_home: None) -> Path:
    """The test's own home; nothing is there yet."""
    return Path(os.environ["STACKYARD_HOME"])
