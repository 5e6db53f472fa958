"""The workloads in Hamilton, with its cache where it has one: `python hamilton_workload.py chain 100`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from hamilton import driver

HEAD = "import time\nimport numpy as np\n"


def chain(length: int) -> tuple[str, list[str]]:
    lines = ["def value_0() -> int:\n    return 1\n"]
    lines += [f"def value_{i}(value_{i - 1}: int) -> int:\n    return value_{i - 1} + 1\n" for i in range(1, length)]
    return "\n".join(lines), [f"value_{length - 1}"]


def fan(width: int) -> tuple[str, list[str]]:
    lines = ["def value() -> int:\n    return 1\n"]
    lines += [f"def times_{i}(value: int) -> int:\n    return value * {i}\n" for i in range(width)]
    members = [f"times_{i}" for i in range(width)]
    given = ", ".join(f"{member}: int" for member in members)
    lines += [f"def total({given}) -> int:\n    return sum([{', '.join(members)}])\n"]
    return "\n".join(lines), ["total"]


def sleeps(count: int) -> tuple[str, list[str]]:
    naps = [f"def nap_{i}() -> int:\n    time.sleep(1)\n    return {i}\n" for i in range(count)]
    return "\n".join(naps), [f"nap_{i}" for i in range(count)]


def array(_count: int) -> tuple[str, list[str]]:
    made = "def made() -> np.ndarray:\n    return np.random.default_rng(0).random(12_500_000)\n"
    return made + "\ndef total(made: np.ndarray) -> float:\n    return float(made.sum())\n", ["total"]


def load(source: str, name: str) -> ModuleType:
    file = Path(f"{name}.py").absolute()
    file.write_text(HEAD + source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.setrecursionlimit(100_000)  # it calls itself for each step in a row
    workload, count = sys.argv[1], int(sys.argv[2])
    source, wanted = {"chain": chain, "fan": fan, "sleeps": sleeps, "array": array}[workload](count)
    builder = driver.Builder().with_modules(load(source, f"hamilton_{workload}_{count}"))
    if workload == "sleeps":
        from hamilton.plugins.h_threadpool import FutureAdapter

        builder = builder.with_adapters(FutureAdapter(max_workers=count))
    else:
        builder = builder.with_cache(path="cache", recompute=None if "cached" in sys.argv else True)
    builder.build().execute(wanted)
