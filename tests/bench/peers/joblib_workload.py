"""The workloads in joblib, every call kept on disk: `python joblib_workload.py chain 100`."""

from __future__ import annotations

import sys
import time

import numpy as np
from joblib import Memory, Parallel, delayed

memory = Memory("cache", verbose=0)
# Without it the calls of an earlier process would be found again.
SALT = 0.0 if "cached" in sys.argv else time.time()


@memory.cache
def first(salt: float) -> int:
    return 1


@memory.cache
def add_one(value: int, salt: float) -> int:
    return value + 1


@memory.cache
def times(value: int, number: int, salt: float) -> int:
    return value * number


@memory.cache
def gather(values: list[int], salt: float) -> int:
    return sum(values)


@memory.cache
def nap(number: int, salt: float) -> int:
    time.sleep(1)
    return number


@memory.cache
def make(salt: float) -> np.ndarray:
    return np.random.default_rng(0).random(12_500_000)


def chain(length: int) -> None:
    value = first(SALT)
    for _ in range(length - 1):
        value = add_one(value, SALT)


def fan(width: int) -> None:
    value = first(SALT)
    gather(Parallel(n_jobs=8, backend="threading")(delayed(times)(value, i, SALT) for i in range(width)), SALT)


def sleeps(count: int) -> None:
    Parallel(n_jobs=count, backend="threading")(delayed(nap)(number, SALT) for number in range(count))


def array() -> None:
    make(SALT)
    float(make(SALT).sum())  # the second call reads what the first one stored


if __name__ == "__main__":
    workload, count = sys.argv[1], int(sys.argv[2])
    if workload == "array":
        array()
    else:
        {"chain": chain, "fan": fan, "sleeps": sleeps}[workload](count)
