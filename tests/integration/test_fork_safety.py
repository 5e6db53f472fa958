"""Packages that the zygote loads ahead work in parallel in the workers forked after it: no hang, right results."""

from __future__ import annotations

import pytest

from stackyard.engine.preload import FORK_SAFE
from tests.integration.user import User, statuses

pytestmark = pytest.mark.alone

HEAVY = """
import io, json, os, sys
import joblib, numpy as np, pandas as pd, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq, scipy.linalg
import skops.io, threadpoolctl
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from stackyard import log_metadata, pipeline, step

def note_preload():
    # What a forked worker finds loaded was loaded by the zygote.
    loaded = sorted({name.split(".")[0] for name in sys.modules})
    log_metadata({"loaded": [name for name in loaded if name in PRELOADED]})

PRELOADED = ("joblib", "numpy", "pandas", "pyarrow", "scipy", "skops", "sklearn", "threadpoolctl")

@step
def blas(seed: int) -> float:
    note_preload()
    with threadpoolctl.threadpool_limits(limits=2):
        a = np.random.default_rng(seed).random((600, 600))
        for _ in range(3):
            product = a @ np.linalg.inv(a)
        scipy.linalg.svd(a[:200, :200])
    return float(np.abs(product - np.eye(600)).max() < 1e-6)

@step
def frames(seed: int) -> pd.DataFrame:
    frame = pd.DataFrame({"key": np.arange(200_000) % 7, "value": np.arange(200_000.0)})
    sums = frame.groupby("key", as_index=False)["value"].sum()
    assert sums["value"].sum() == 200_000 * 199_999 / 2
    return sums

@step
def arrow(seed: int) -> int:
    pa.set_cpu_count(2)
    table = pa.table({"a": np.arange(500_000), "b": [str(i % 50) for i in range(500_000)]})
    total = pc.sum(table["a"]).as_py()
    assert table.group_by("b", use_threads=True).aggregate([("a", "sum")])["a_sum"].to_pylist()
    sink = io.BytesIO()
    pq.write_table(table, sink)
    back = pq.read_table(io.BytesIO(sink.getvalue()), use_threads=True)
    assert back.num_rows == 500_000
    return total

@step
def forest(seed: int) -> RandomForestClassifier:
    x, y = load_breast_cancer(return_X_y=True)
    model = RandomForestClassifier(20, n_jobs=2, random_state=0).fit(x, y)
    assert model.score(x, y) > 0.99
    return model

@step
def boosting(seed: int) -> float:
    x, y = load_breast_cancer(return_X_y=True)
    with threadpoolctl.threadpool_limits(limits=2):
        model = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(x, y)
    data = skops.io.dumps(model)
    again = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    return float((again.predict(x) == model.predict(x)).all())

@step
def jobs(seed: int) -> list:
    return joblib.Parallel(n_jobs=2, prefer="threads")(joblib.delayed(pow)(i, 2) for i in range(20))

@step
def check(
    forest: RandomForestClassifier, frame: pd.DataFrame, total: int, blas: float, boosting: float, squares: list
) -> int:
    x, y = load_breast_cancer(return_X_y=True)
    assert forest.score(x, y) > 0.99
    assert len(frame) == 7
    assert total == 500_000 * 499_999 // 2
    assert blas == boosting == 1.0
    assert squares[-1] == 361
    return 1

@pipeline(enable_cache=False)
def heavy() -> None:
    for seed in range(2):
        check(forest(seed), frames(seed), arrow(seed), blas(seed), boosting(seed), jobs(seed))

if __name__ == "__main__":
    np.linalg.inv(np.eye(300))  # the driver's own thread pools are started before the workers are forked
    heavy()
"""


def test_preloaded_packages_use_their_threads_in_parallel_workers(user: User) -> None:
    user.write("run.py", HEAVY)
    result = user.run(user.interpreter, "run.py")
    assert result.code == 0, result
    run = user.last_run()
    assert set(statuses(run).values()) == {"completed"}
    loaded = {name for step in run.steps if step.name.startswith("blas") for name in step.metadata["loaded"]}
    # Every package of the list is tried here; one that is added must be tried here too.
    assert loaded == FORK_SAFE - {"PIL"}
