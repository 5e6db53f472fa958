"""Flavors of a package that does not come with Stackyard, from installing it to a run that uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stackyard.model.enums import Status
from tests.integration.flavor_packages import SAMPLE, install_sample
from tests.integration.user import ROOT, User, statuses

KEY = "k3y-0f-the-b0x"

PIPELINE = """
    import numpy as np
    import pandas as pd
    from stackyard import pipeline, step

    @step
    def numbers() -> np.ndarray:
        return np.arange(10.0)

    @step
    def table(x: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame({"x": x, "name": [f"row {n:.0f}" for n in x]})

    @step(experiment_tracker="notes", settings={"experiment_tracker.notes": {"heading": "Seen"}})
    def total(t: pd.DataFrame) -> dict[str, float]:
        return {"sum": float(t["x"].sum()), "rows": float(len(t))}

    @pipeline
    def demo():
        total(table(numbers()))
"""
LOADER = """
    from stackyard import Client

    for step in ("numbers", "table", "total"):
        print(Client().get_artifact_version(f"demo::{step}::output").load())
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed package."""
    folder = tmp_path_factory.mktemp("site")
    install_sample(folder)
    return folder


@pytest.fixture
def owner(user: User, site: Path) -> User:
    """Someone in whose environment the package is installed, with the key of their box in a secret."""
    user.variables.update(PYTHONPATH=str(site), STACKYARD_SECRET__BOX__KEY=KEY)
    return user


def _flavors(user: User, group: str) -> dict[str, str]:
    listed = json.loads(user.do(group, "flavor", "list", "--json").out)
    return {item["name"]: item["package"] for item in listed["items"]}


def test_a_run_keeps_its_artifacts_in_a_store_of_somebody_elses(owner: User, tmp_path: Path) -> None:
    """Given an installed flavor, registering a component finds it; a run stores, reuses and loads through it."""
    box, notes = tmp_path / "box", tmp_path / "notes"
    owner.write("run.py", PIPELINE)
    owner.do("artifact-store", "register", "box", "--flavor", "blobs", f"--folder={box}", "--key={{box.key}}")
    owner.do("experiment-tracker", "register", "notes", "--flavor", "notes", f"--folder={notes}")
    owner.do("stack", "register", "boxed", "-o", "default", "-a", "box", "-e", "notes", "--set")
    assert f"artifact store box (blobs://{box})" in owner.do("run", "run.py").text
    first = owner.last_run()
    assert statuses(first) == {"numbers": "completed", "table": "completed", "total": "completed"}
    names = sorted(path.name for path in (box / "artifacts").rglob("*") if path.is_file())
    assert names == ["data.arrow", "data.json", "data.npy", *["manifest.json"] * 3]
    (note,) = notes.iterdir()
    assert note.read_text() == "Seen: demo/total completed\n"
    assert {s.name: s.metadata for s in first.steps}["total"] == {"note": str(note)}

    owner.do("run", "run.py")
    assert set(statuses(owner.last_run()).values()) == {"cached"}
    loaded = owner.python(owner.write("load.py", LOADER))
    assert loaded.code == 0, loaded
    assert "[0. 1. 2." in loaded.out
    assert "row 9" in loaded.out
    assert "{'sum': 45.0, 'rows': 10.0}" in loaded.out

    # A signature of another key is damage: such a version is never reused.
    owner.variables["STACKYARD_SECRET__BOX__KEY"] = "another"
    owner.do("run", "run.py")
    assert set(statuses(owner.last_run()).values()) == {"completed"}
    kept = [path for path in (owner.home, owner.folder, box, notes) for path in path.rglob("*") if path.is_file()]
    assert not [path for path in kept if KEY.encode() in path.read_bytes()]


def test_flavors_come_and_go_with_their_package(user: User, site: Path, tmp_path: Path) -> None:
    """Given a package that is installed, then changed, then gone, refreshing follows it and breaks no component."""
    installed = {"PYTHONPATH": str(site)}
    assert _flavors(user, "artifact-store") == {"local": "stackyard"}
    assert user.stackyard("artifact-store", "flavor", "refresh", **installed).code == 0
    assert _flavors(user, "artifact-store") == {"local": "stackyard", "blobs": "stackyard-blobs"}
    assert _flavors(user, "experiment-tracker")["notes"] == "stackyard-blobs"
    # What is written down is enough to describe and to validate: the package need not be there.
    described = user.do("artifact-store", "flavor", "describe", "blobs").out
    assert re.search(r"--folder +\(string, required\) Absolute path of the folder", described)
    assert re.search(r"--key +\(string, a secret\)", described)
    for given, expected in {
        "--fodler=/x": "Did you mean 'folder'?",
        "--key={{box.key}}": "needs the attribute 'folder'",
        "--key=plain": "takes a reference to a secret",
    }.items():
        refused = user.stackyard("artifact-store", "register", "box", "--flavor", "blobs", given)
        assert (refused.code, expected in refused.err) == (3, True), refused
    user.do("artifact-store", "register", "box", "--flavor", "blobs", f"--folder={tmp_path / 'box'}")

    # The package is no longer there: the flavor that is used stays, the other one is forgotten.
    refreshed = user.stackyard("artifact-store", "flavor", "refresh")
    assert refreshed.code == 0
    assert "'blobs' of 'box' comes with stackyard-blobs, which is not installed here" in refreshed.err
    assert "notes" not in _flavors(user, "experiment-tracker")
    user.write(
        "run.py",
        PIPELINE.replace(
            '(experiment_tracker="notes", settings={"experiment_tracker.notes": {"heading": "Seen"}})', ""
        ),
    )
    user.do("stack", "register", "boxed", "-o", "default", "-a", "box", "--set")
    failed = user.stackyard("run", "run.py")
    assert failed.code == 7, failed
    assert "Install the package that brings its flavor 'blobs'" in failed.err
    assert user.runs() == []

    in_use = user.stackyard("artifact-store", "flavor", "delete", "blobs", "-y")
    assert (in_use.code, "'box' uses it" in in_use.err) == (5, True), in_use
    user.do("stack", "set", "default")
    user.do("stack", "delete", "boxed", "-y")
    user.do("artifact-store", "delete", "box", "-y")
    user.do("artifact-store", "flavor", "delete", "blobs", "-y")
    assert _flavors(user, "artifact-store") == {"local": "stackyard"}
    ours = user.stackyard("artifact-store", "flavor", "delete", "local", "-y")
    assert (ours.code, "comes with Stackyard" in ours.err) == (5, True), ours


def test_a_flavor_of_the_project_is_registered_by_its_name(user: User) -> None:
    """Given a module of the project, `flavor register` takes it, and a run uses it."""
    user.write(
        "our_flavors.py",
        """
        from stackyard.flavors.base import ComponentConfiguration, Flavor
        from stackyard.flavors.interfaces import Alerter
        from stackyard.model.enums import ComponentType

        class Configuration(ComponentConfiguration):
            file: str
            '''Where to write.'''

        class Diary(Alerter):
            def __init__(self, configuration):
                self.file = configuration.file

            def run_ended(self, alert):
                with open(self.file, "a") as diary:
                    diary.write(f"{alert.pipeline} {alert.status} {list(alert.failed_steps)}\\n")

        DIARY = Flavor("diary", ComponentType.ALERTER, Configuration, "A diary.", implementation="our_flavors:Diary")
        """,
    )
    wrong = user.stackyard("artifact-store", "flavor", "register", "our_flavors:DIARY")
    assert (wrong.code, "is an alerter flavor, not an artifact store flavor" in wrong.err) == (3, True), wrong
    user.do("alerter", "flavor", "register", "our_flavors:DIARY")
    user.do("alerter", "register", "diary", "--flavor", "diary", f"--file={user.folder / 'diary.txt'}")
    user.do("stack", "register", "told", "-o", "default", "-a", "default", "--alerter", "diary", "--set")
    user.write(
        "run.py",
        """
        from stackyard import pipeline, step

        @step
        def sometimes(well: bool) -> None:
            assert well

        @pipeline
        def demo(well: bool = True):
            sometimes(well)
        """,
    )
    user.do("run", "run.py")
    assert user.stackyard("run", "run.py", "--param", "well=false").code == 1
    assert user.last_run().status is Status.FAILED
    assert (user.folder / "diary.txt").read_text() == "demo completed []\ndemo failed ['sometimes']\n"


def test_the_guide_shows_the_package_as_it_is() -> None:
    """Given the guide's blocks that name a file of the package, each is that file."""
    guide = (ROOT / "docs" / "flavors.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"`stackyard-blobs/(\S+)`:\n\n```\w+\n(.*?)```", guide, re.DOTALL))
    files = {
        str(p.relative_to(SAMPLE)): p.read_text(encoding="utf-8")
        for p in SAMPLE.rglob("*")
        if p.suffix in (".py", ".toml")
    }
    files = {name: text for name, text in files.items() if not name.endswith("__init__.py")}
    assert shown == files
