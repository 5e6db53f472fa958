"""How many CPUs there are, and how many threads numeric libraries may use in a worker."""

from __future__ import annotations

import functools
import os
import sys

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_current: list[int | None] = [None]
"""Threads that loaded libraries were limited to."""


def cores() -> int:
    """Return the CPUs of this machine that this process may use."""
    if sys.platform != "win32" and hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


@functools.lru_cache(maxsize=64)
def threads_per_worker(workers: int) -> int:
    """Return the threads that each of so many workers may use."""
    return max(1, (os.cpu_count() or 1) // max(1, workers))


def limit_threads(threads: int | None) -> None:
    """Limit BLAS and OpenMP pools: of libraries to come by environment variables that the user did not set, of loaded
    ones through threadpoolctl where it is installed.
    """  # noqa: D205  # one sentence
    if threads is None:
        return
    given, text = _given(), str(threads)
    for name in VARIABLES:
        if name not in given and os.environ.get(name) != text:
            os.environ[name] = text
    if given or _current[0] == threads or "numpy" not in sys.modules:
        return
    try:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415  # comes with scikit-learn; never required
    except ImportError:
        return
    threadpool_limits(limits=threads)
    _current[0] = threads


@functools.lru_cache(maxsize=1)
def _given() -> frozenset[str]:
    """Return which variables the user set: asked at the first step, before there are ours."""
    return frozenset(name for name in VARIABLES if name in os.environ)
