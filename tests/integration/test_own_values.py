"""Values of all kinds, of a script's own classes too, between the real steps of a script, however it is started."""

from __future__ import annotations

from stackyard.api import artifacts
from stackyard.model.artifact import Manifest
from tests.integration.user import User, statuses

SCRIPT = """
from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum, Flag
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BaseModel
from stackyard import HTMLString, pipeline, step
from passing import passed


class Color(Enum):
    RED = "r"


class Right(Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int


@dataclass(frozen=True, slots=True)
class Settings:
    color: Color = Color.RED
    points: list[Point] = field(default_factory=list)

    def count(self) -> int:
        return len(self.points)


class Job(BaseModel):
    settings: Settings
    right: Right = Right.READ | Right.WRITE


class Opaque:
    def __reduce__(self):
        return (Opaque, ())


WHEN = datetime(2026, 11, 22, tzinfo=timezone.utc)


@step
def make() -> tuple[Annotated[Any, "job"], Annotated[Any, "nested"], Annotated[Any, "plain"]]:
    job = Job(settings=Settings(points=[Point(1)]))
    nested = {"job": job, "scores": np.arange(3), "when": WHEN, 1: {Decimal("1.10")}, "odd": Opaque()}
    return job, nested, {"when": [WHEN, 2 + 3j]}


@step
def write() -> tuple[Annotated[Path, "folder"], Annotated[Path, "file"], Annotated[HTMLString, "page"]]:
    folder = Path("work-of-step")
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.txt").write_text("a")
    (folder / "report.md").write_text("# Report")
    return folder, folder / "report.md", HTMLString("<h1>Hi</h1>")


@step(enable_cache=False)
def check(job, nested, plain, folder, file, page, again) -> str:
    assert type(job) is Job and isinstance(job.settings, Settings), type(job)
    assert job == again == nested["job"] == Job(settings=Settings(points=[Point(1)]))
    assert job.settings.color is Color.RED and job.right is Right.READ | Right.WRITE
    assert type(job.settings.points[0]) is Point
    assert plain == {"when": [WHEN, 2 + 3j]} and nested["when"] == WHEN and nested[1] == {Decimal("1.10")}
    assert nested["scores"].tolist() == [0, 1, 2] and type(nested["odd"]).__name__ == "Opaque"
    assert type(page) is HTMLString
    assert (folder / "sub" / "a.txt").read_text() == "a" and file.name == "report.md"
    (folder / "sub" / "a.txt").write_text("of this step alone")
    (folder / "new").mkdir()
    return str(folder)


@step(enable_cache=False)
def check_without_names(job, folder, gone) -> None:
    assert job.settings.count() == 1
    assert (folder / "sub" / "a.txt").read_text() == "a"
    assert not os.path.exists(gone), "copies go with their step"


@pipeline
def between() -> None:
    job, nested, plain = make()
    folder, file, page = write()
    gone = check(job, nested, plain, folder, file, page, passed(job))
    check_without_names(job, folder, gone)


if __name__ == "__main__":
    between()
"""
PASSING = "from stackyard import step\n\n@step\ndef passed(value):\n    return value\n"
NEW = {"make": "completed", "write": "completed", "passed": "completed"}
CHECKS = {"check": "completed", "check_without_names": "completed"}


def test_values_pass_between_steps_of_a_script(user: User) -> None:
    user.write("passing.py", PASSING)
    script = user.write("run.py", SCRIPT)
    result = user.python(script)
    assert result.code == 0, result
    assert statuses(user.last_run()) == {**NEW, **CHECKS}
    for start in (
        ["run.py"],
        ["-m", "stackyard", "run", "run.py"],
        ["-m", "stackyard", "run", "run.py", "--in-process"],
    ):
        result = user.python(*start)
        assert result.code == 0, result
        assert statuses(user.last_run()) == {**dict.fromkeys(NEW, "cached"), **CHECKS}, "values of other processes"

    found = {}
    for name in ("job", "nested", "plain", "folder", "file", "page"):
        manifest = store_version(user, name)
        found[name] = (manifest.data_format, manifest.unsafe, manifest.deterministic, manifest.preview.kind)
    assert found == {
        "job": ("structure", False, False, "json"), "nested": ("structure", True, False, "json"),
        "plain": ("structure", False, True, "json"), "folder": ("files", False, True, "text"),
        "file": ("files", False, True, "markdown"), "page": ("html", False, True, "html"),
    }  # fmt: skip

    other = user.write("other.py", "from stackyard import load_artifact\nprint(load_artifact('job').settings)\n")
    result = user.python(other)
    assert result.code == 0, result
    assert result.out == "Settings(color=<Color.RED: 'r'>, points=[Point(x=1)])\n"
    script.rename(script.with_name("elsewhere.py"))
    result = user.python(other)
    assert result.code == 6, result
    assert "the class Job of the script run.py, which is not defined here" in result.text
    assert "Import or define Job" in result.text


def store_version(user: User, name: str) -> Manifest:
    view = artifacts.find_version(user.context(), name)
    return artifacts.store_of(user.context(), view).read_manifest(view.uri)
