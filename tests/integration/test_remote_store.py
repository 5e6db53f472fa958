"""Whole pipelines whose artifacts lie on another machine, in a store that a user wrote."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.bucket import Bucket, open_bucket
from tests.integration.user import User, statuses

FLAVOR = Path(__file__).parents[1] / "contract" / "bucket_flavor.py"
PIPELINE = """
    import numpy as np
    import pandas as pd
    from pathlib import Path
    from stackyard import log_metadata, pipeline, save_artifact, step


    @step
    def numbers(n: int) -> np.ndarray:
        save_artifact({"n": n}, "note")
        return np.arange(float(n))


    @step
    def table(values: np.ndarray) -> pd.DataFrame:
        assert isinstance(values, np.memmap) or isinstance(values.base, np.memmap), type(values.base)
        values[0] = 7.0  # copy on write
        return pd.DataFrame({"value": values})


    @step
    def files(found: pd.DataFrame) -> Path:
        folder = Path("out")
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        (folder / "deep" / "a.txt").write_text("deep")
        (folder / "b.txt").write_text(str(len(found)))
        return folder


    @step
    def total(found: pd.DataFrame, values: np.ndarray, folder: Path) -> dict[str, float]:
        assert (folder / "deep" / "a.txt").read_text() == "deep"
        return {"table": float(found["value"].sum()), "array": float(values.sum())}


    @pipeline
    def remote(n: int = 5) -> None:
        values = numbers(n)
        found = table(values)
        total(found, values, files(found))
"""
LOADER = """
    import json
    import numpy as np
    from stackyard import Client

    client = Client()
    values = client.get_artifact_version("remote::numbers::output").load()
    assert isinstance(values, np.memmap) or isinstance(values.base, np.memmap)
    print(json.dumps({
        "values": values.tolist(),
        "total": client.get_artifact_version("remote::total::output").load(),
        "note": client.get_artifact_version("note").load(),
        "names": sorted(p.name for p in client.get_artifact_version("remote::files::output").load().iterdir()),
    }))
"""


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A bucket that fails now and then, and whose listings are late."""
    with open_bucket() as opened:
        yield opened


@pytest.fixture
def far(user: User, bucket: Bucket) -> User:
    """Someone whose active stack keeps artifacts in the bucket; the flavor is registered as users do it."""
    shutil.copy(FLAVOR, user.folder)
    user.variables["PYTHONPATH"] = str(user.folder)
    user.write("run.py", PIPELINE)
    user.do("artifact-store", "flavor", "register", "bucket_flavor:BUCKET")
    user.do("artifact-store", "register", "far", "--flavor=bucket", f"--url={bucket.url}")
    user.do("stack", "register", "remote", "-o", "default", "-a", "far", "--set")
    return user


def test_a_pipeline_runs_is_reused_and_looked_at_with_its_artifacts_elsewhere(far: User, bucket: Bucket) -> None:
    far.do("run", "run.py")
    assert set(statuses(far.last_run()).values()) == {"completed"}
    assert not list((far.home / "artifact_stores").rglob("manifest.json")), "nothing lies in the default store"
    bucket.asked.clear()
    far.do("run", "run.py")
    assert set(statuses(far.last_run()).values()) == {"cached"}
    moved = {key.rpartition("/")[2] for word, key in bucket.asked if word == "GET" and key.startswith("artifacts/")}
    assert moved == {"manifest.json"}, "the cache moves no data"

    loaded = far.python(far.write("load.py", LOADER))
    assert loaded.code == 0, loaded
    assert json.loads(loaded.out) == {
        "values": [0.0, 1.0, 2.0, 3.0, 4.0], "total": {"table": 17.0, "array": 10.0}, "note": {"n": 5},
        "names": ["b.txt", "deep"],
    }  # fmt: skip
    shown = far.do("artifact", "show", "remote::table::output").out
    assert "float64      5         5    1    7   3.4" in shown, "statistics and rows of the manifest"
    assert f"far ({bucket.url}/artifacts/" in shown

    # What is damaged or gone there is recomputed, and nothing else.
    (array,) = (key for key in bucket.objects if key.endswith("data.npy"))
    bucket.objects[array] = bucket.objects[array][:-1]
    (note,) = (key for key in bucket.objects if "total" in key and key.endswith("manifest.json"))
    del bucket.objects[note]
    assert "Status" in far.do("artifact", "show", "remote::total::output").out
    far.do("run", "run.py")
    found = far.last_run()
    assert statuses(found) == {"numbers": "completed", "table": "cached", "files": "cached", "total": "completed"}
    details = {step.name: step.cache.detail for step in found.steps if step.cache}
    assert "expected 168 bytes" in details["numbers"]
    assert "no manifest" in details["total"]
