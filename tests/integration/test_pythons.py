"""Stackyard works on every CPython of this machine, with nothing but its own dependencies."""

from __future__ import annotations

import sys

import pytest
from scripts.pythons import find_pythons

from tests.integration.environments import environment_of
from tests.integration.user import ROOT, User, statuses

PYTHONS = find_pythons()
OTHERS = [version for version in PYTHONS if version != "{}.{}".format(*sys.version_info)]
"""On this one the unit suite runs anyway."""
CORE = ("model", "storage", "authoring")

EVERYTHING = """
import sys
from typing import Annotated

from stackyard import get_step_context, log_metadata, pipeline, step

@step
def make(count: int, name: str = "x") -> tuple[Annotated[list, "numbers"], Annotated[dict, "facts"]]:
    print("making", count)
    return list(range(count)), {"name": name, "python": list(sys.version_info[:2])}

@step
def add(numbers: list, facts: dict) -> int:
    log_metadata({"total": sum(numbers)})
    assert get_step_context().step_name == "add"
    return sum(numbers)

@step
def breaks(total: int) -> int:
    raise ValueError(f"total is {total}")

@pipeline
def everything(count: int = 4, broken: bool = False) -> None:
    numbers, facts = make(count)
    total = add(numbers, facts)
    if broken:
        breaks(total)

if __name__ == "__main__":
    everything(count=5)
"""


def test_pythons_are_found() -> None:
    assert PYTHONS, "no CPython that Stackyard supports was found"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", PYTHONS)
def test_pipelines_run_with_nothing_but_the_dependencies(user: User, version: str) -> None:
    user.interpreter = str(environment_of(version, PYTHONS[version]))
    user.variables["PYTHONPATH"] = str(ROOT / "src")
    user.write("run.py", EVERYTHING)
    assert user.python("-c", "import numpy").code != 0, "only the dependencies are there"
    for method, expected in (("zygote", "completed"), ("spawn", "cached")):
        result = user.python("run.py", STACKYARD_WORKER_START=method)
        assert result.code == 0, result
        assert set(statuses(user.last_run()).values()) == {expected}
    broken = user.stackyard("run", "run.py", "--param", "broken=true", STACKYARD_WORKER_START="spawn")
    assert broken.code == 1, broken
    assert "ValueError: total is 6" in broken.text
    assert statuses(user.last_run()) == {"make": "completed", "add": "completed", "breaks": "failed"}
    listed = user.do("run", "list")
    assert "everything-3" in listed.out


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", OTHERS)
def test_the_core_of_the_unit_suite(user: User, version: str) -> None:
    user.interpreter = str(environment_of(version, PYTHONS[version]))
    user.variables["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    units = ROOT / "tests" / "unit"
    folders = [units / name for name in CORE if any((units / name).glob("test_*.py"))]
    assert folders
    # Settings of its own: those of pyproject.toml name plugins that are not there.
    settings = user.write(
        "pytest.ini", "[pytest]\naddopts = --import-mode=importlib -p no:cacheprovider\ntimeout = 240\n"
    )
    checked = user.run(
        user.interpreter, "-m", "pytest", "-q", "-c", settings, "--rootdir", ROOT, *folders,
        timeout=600, PYTHONDONTWRITEBYTECODE="1",
    )  # fmt: skip
    assert checked.code == 0, checked
    assert " passed" in checked.out
