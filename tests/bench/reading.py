"""Looking into a table of 1M x 10 that is stored: through the server and its reader process, and an array of 10 GB."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.measure import Row, Times, environment, time_command
from tests.bench.workloads import Workload
from tests.lsp.client import Client

SAVE = textwrap.dedent(
    """
    import sys
    import numpy as np
    import pandas as pd
    from stackyard import save_artifact

    rows, random = 1_000_000, np.random.default_rng(0)
    columns = {f"x{i}": random.normal(size=rows) for i in range(6)}
    columns["few"] = random.integers(0, 100, rows)
    columns["many"] = random.integers(0, 10**12, rows)
    columns["city"] = pd.Categorical(random.choice(["Bern", "Basel", "Genf"], rows))
    columns["name"] = [f"name {i}" for i in random.integers(0, rows, rows)]
    open("id", "w").write(str(save_artifact(pd.DataFrame(columns), "table").id))
    """
)
PAGE, STATISTICS = "stackyard/artifact/page", "stackyard/artifact/statistics"


def reader(folder: Path, repeat: int) -> list[Row]:
    """Pages, order, conditions and statistics of a stored table, as the editor asks for them."""
    env = environment(folder / "home")
    time_command([sys.executable, "-c", SAVE], cwd=folder, env=env)
    table = {"id": (folder / "id").read_text(encoding="utf-8")}
    client = Client(cwd=folder, env=env)
    try:
        client.initialize(folder, interpreter=sys.executable)
        client.request("stackyard/stack/list")
        first = _timed(lambda _: client.request(PAGE, table), 1)

        def page(**asked: Any) -> Callable[[int], object]:
            return lambda turn: client.request(PAGE, {**table, **{k: v(turn) for k, v in asked.items()}})

        def sorted_by(*names: str) -> Callable[[int], object]:
            # Another order each time: the reader remembers the last one.
            return page(sort=lambda turn: [{"column": n, "descending": bool(turn % 2)} for n in names])

        def where(column: str, op: str, value: Any) -> Callable[[int], object]:
            other = {"column": "many", "op": ">="}
            return page(where=lambda turn: [{"column": column, "op": op, "value": value}, {**other, "value": turn}])

        def statistics(column: str) -> Callable[[int], object]:
            return lambda _: client.request(STATISTICS, {**table, "column": column})

        measured: dict[str, tuple[Callable[[int], object], float | None]] = {
            "a page of 100 rows": (page(offset=lambda turn: turn * 1000), 10.0),
            "a page of a table sorted before": (
                page(sort=lambda _: [{"column": "x0"}], offset=lambda turn: turn * 1000), 10.0,
            ),
            "sorted by a float": (sorted_by("x1"), 1000.0),
            "sorted by a category and a float": (sorted_by("city", "x2"), 1000.0),
            "sorted by a text": (sorted_by("name"), 1000.0),
            "filtered by a float": (where("x3", ">", 1.5), 1000.0),
            "filtered by a part of a text": (where("name", "contains", "99"), 1000.0),
            "statistics of a float": (statistics("x4"), 1000.0),
            "statistics of a text": (statistics("name"), 1000.0),
        }  # fmt: skip
        rows = [Row("1M x 10: first page, with the reader's start", first, "ms")]
        rows += [
            Row(f"1M x 10: {name}", _timed(ask, repeat, trials=1), "ms", budget)
            for name, (ask, budget) in measured.items()
        ]
    finally:
        client.close()
    return [*rows, Row("10 GB array: a page, mapped", _large_array(folder, repeat), "ms", 10.0)]


WORKLOADS: dict[str, Workload] = {"reader": reader}


def _timed(ask: Callable[[int], object], repeat: int, *, trials: int = 0) -> Times:
    """Time something that is told which turn it is; the first turns don't count."""
    found = []
    for turn in range(repeat + trials):
        begun = time.perf_counter()
        ask(turn)
        found.append((time.perf_counter() - begun) * 1000)
    return Times(tuple(found[trials:]))


def _large_array(folder: Path, repeat: int) -> Times:
    """Time opening an array and a page from its middle; the file has holes, since it is made for this alone."""
    import numpy as np

    from stackyard.storage.reading.npy import NpyTable, load_npy

    path = folder / "large.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype="f8", shape=(125_000_000, 10)).flush()
    found = _timed(lambda turn: NpyTable(load_npy(path)).page(60_000_000 + turn, 100), repeat)
    path.unlink()
    return found
