"""What Stackyard needs is said once, in three places that must agree."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from stackyard.api.environments import OLDEST_PACKAGES, OLDEST_PYTHON, is_older

ROOT = Path(__file__).resolve().parents[3]


def test_driver_environment_check_and_package_metadata_need_the_same() -> None:
    driver = runpy.run_path(str(ROOT / "bundled" / "tool" / "run_driver.py"), run_name="run_driver")
    assert driver["OLDEST"] == OLDEST_PYTHON
    assert driver["OLDEST_PACKAGES"] == OLDEST_PACKAGES
    metadata = (ROOT / "pyproject.toml").read_text()
    for package, needed in OLDEST_PACKAGES.items():
        assert f'"{package}>={needed}"' in metadata
    assert re.search(r'requires-python = ">=3\.10"', metadata)


@pytest.mark.parametrize(
    ("version", "needed", "older"),
    [
        ("1.10.24", "2.7", True),
        ("2.6.4", "2.7", True),
        ("2.7", "2.7", False),
        ("2.7.0rc1", "2.7", False),
        ("2.14.3", "2.7", False),
        ("4.9.0", "4.10", True),
        ("2.7+local.1", "2.7", False),
    ],
)
def test_versions_compare_by_number(version: str, needed: str, older: bool) -> None:
    assert is_older(version, needed) is older
