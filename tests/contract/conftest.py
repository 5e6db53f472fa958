"""Every test of a contract runs once for each implementation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.engine import launcher
from stackyard.storage import object_store
from stackyard.storage.local_store import LocalArtifactStore
from tests.contract.bucket import Bucket, open_bucket
from tests.contract.orchestrators import EXECUTORS, Engine
from tests.contract.stores import Bench


@pytest.fixture(scope="session")
def served() -> Iterator[Bucket]:
    """A bucket that is served all the time."""
    with open_bucket() as bucket:
        yield bucket


@pytest.fixture(params=["local", "bucket", "blobs"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("STACKYARD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(object_store, "PAUSES_S", (0.0, 0.0, 0.0))
    if request.param != "bucket":
        return Bench(request.param, tmp_path)
    bucket: Bucket = request.getfixturevalue("served")
    bucket.objects.clear()
    bucket.flaky = True
    return Bench("bucket", tmp_path, bucket)


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    # The libraries of other tests in this process would be loaded by the zygote as well, for seconds.
    monkeypatch.setattr(launcher, "loaded_modules", list)
    made = EXECUTORS[request.param]()
    yield Engine(request.param, made, LocalArtifactStore(str(tmp_path / "store")))
    made.close()
