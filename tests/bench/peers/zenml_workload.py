"""The workloads in ZenML: `python zenml_workload.py chain 10`."""

from __future__ import annotations

import sys
import time

import numpy as np
from zenml import get_step_context, pipeline, step


@step
def first() -> int:
    return 1


@step
def add_one(value: int) -> int:
    return value + 1


@step
def times(value: int, number: int) -> int:
    return value * number


@step
def gather(prefix: str) -> int:
    """Steps take no lists of outputs there: they are read from the run, as its guide does."""
    steps = get_step_context().pipeline_run.steps
    return sum(found.outputs["output"][0].load() for name, found in steps.items() if name.startswith(prefix))


@step
def nap(number: int) -> int:
    time.sleep(1)
    return number


@step
def make() -> np.ndarray:
    return np.random.default_rng(0).random(12_500_000)


@step
def total(value: np.ndarray) -> float:
    return float(value.sum())


@pipeline(enable_cache="cached" in sys.argv)
def chain(length: int) -> None:
    value = first()
    for _ in range(length - 1):
        value = add_one(value)


@pipeline(enable_cache=False)
def fan(width: int) -> None:
    value = first()
    members = [f"times_{number}" for number in range(width)]
    for number, member in enumerate(members):
        times(value, number, id=member)
    gather("times_", after=members)


@pipeline(enable_cache=False)
def sleeps(count: int) -> None:
    for number in range(count):
        nap(number)


@pipeline(enable_cache=False)
def array() -> None:
    total(make())


if __name__ == "__main__":
    workload, count = sys.argv[1], int(sys.argv[2])
    if workload == "array":
        array()
    else:
        {"chain": chain, "fan": fan, "sleeps": sleeps}[workload](count)
