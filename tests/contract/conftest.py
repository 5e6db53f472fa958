"""Every test of a contract runs once for each implementation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.stores import Bench


@pytest.fixture(params=["local", "objects", "blobs"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(request.param, tmp_path)
