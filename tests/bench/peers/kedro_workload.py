"""The workloads in Kedro, every value kept as a pickle: `python kedro_workload.py chain 100`. It has no cache."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from kedro.io import DataCatalog, SharedMemoryDataCatalog
from kedro.pipeline import node, pipeline
from kedro.runner import ParallelRunner, SequentialRunner
from kedro_datasets.pickle import PickleDataset


def first() -> int:
    return 1


def add_one(value: int) -> int:
    return value + 1


def times(value: int) -> int:
    return value * 2


def gather(*values: int) -> int:
    return sum(values)


def nap() -> int:
    time.sleep(1)
    return 1


def make() -> np.ndarray:
    return np.random.default_rng(0).random(12_500_000)


def total(value: np.ndarray) -> float:
    return float(value.sum())


def chain(length: int) -> list:
    nodes = [node(first, None, "value_0", name="first")]
    nodes += [node(add_one, f"value_{i - 1}", f"value_{i}", name=f"add_{i}") for i in range(1, length)]
    return nodes


def fan(width: int) -> list:
    members = [f"times_{i}" for i in range(width)]
    nodes = [node(first, None, "value", name="first")]
    nodes += [node(times, "value", member, name=member) for member in members]
    return [*nodes, node(gather, members, "total", name="gather")]


def sleeps(count: int) -> list:
    return [node(nap, None, f"nap_{i}", name=f"nap_{i}") for i in range(count)]


def array(_count: int) -> list:
    return [node(make, None, "made", name="make"), node(total, "made", "total", name="total")]


if __name__ == "__main__":
    workload, count = sys.argv[1], int(sys.argv[2])
    nodes = {"chain": chain, "fan": fan, "sleeps": sleeps, "array": array}[workload](count)
    names = {name for each in nodes for name in each.outputs}
    data = {name: PickleDataset(filepath=str(Path("data", f"{name}.pkl").absolute())) for name in names}
    if workload == "sleeps":
        ParallelRunner(max_workers=count).run(pipeline(nodes), SharedMemoryDataCatalog(data))
    else:
        SequentialRunner().run(pipeline(nodes), DataCatalog(data))
