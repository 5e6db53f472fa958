"""Lists, lineage and explanations in a catalog of 10,000 runs and 100,000 artifact versions."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from stackyard.api import artifacts, models, runs, tags
from stackyard.api.artifact_lineage import lineage
from stackyard.api.context import Context, open_context
from stackyard.api.explain import explain_run
from tests.bench.large_catalog import ARTIFACTS, PIPELINES, fill, version_id
from tests.bench.measure import Row, Times
from tests.bench.workloads import Workload

RUNS = 10_000
BUDGET_MS = 50.0
PAGE = 50
_Ask = Callable[[Context, int, "str | None"], Any]


def catalog(folder: Path, repeat: int) -> list[Row]:
    """First and 100th page of each list, lineage and explain."""
    ctx = open_context(folder, folder / "home")
    begun = time.perf_counter()
    dataset = fill(ctx.home_folder, ctx.scope, RUNS)
    made = time.perf_counter() - begun
    rows = [Row(f"making {RUNS:,} runs, {RUNS * 10:,} versions", Times((made,)))]
    for name, (size, ask) in LISTS.items():
        first = ask(ctx, size, None)
        cursor = first.next
        for _ in range(98):
            cursor = ask(ctx, size, cursor).next if cursor else None
        rows.append(_row(f"{name}: first page of {size}", repeat, partial(ask, ctx, size, None)))
        if cursor:
            rows.append(_row(f"{name}: 100th page", repeat, partial(ask, ctx, size, cursor)))
    middle, last = version_id(RUNS // 2, 5), version_id(RUNS - 1, 9)
    run = f"pipeline_{PIPELINES - 1}-{RUNS // PIPELINES}"
    for name, once in {
        "tags": lambda: tags.list_tags(ctx),
        "lineage of a step's output": lambda: lineage(ctx, middle),
        "lineage of a run's last output, upwards": lambda: lineage(ctx, last, down=False),
        f"lineage of what all {RUNS:,} runs take": lambda: lineage(ctx, dataset),
        f"lineage of what {RUNS:,} steps reused": lambda: lineage(ctx, version_id(0, 0)),
        "explain a run": lambda: explain_run(ctx, run),
        "show a run": lambda: runs.get_run(ctx, run),
        "find a version by name": lambda: artifacts.find_version(ctx, f"artifact_{ARTIFACTS // 2:05}"),
    }.items():
        rows.append(_row(name, repeat, once))
    return rows


def _row(name: str, repeat: int, once: Callable[[], object]) -> Row:
    seconds = []
    for _ in range(repeat + 1):
        begun = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - begun)
    return Row(name, Times(tuple(s * 1000 for s in seconds[1:])), "ms", BUDGET_MS)


LISTS: dict[str, tuple[int, _Ask]] = {
    "runs": (PAGE, lambda ctx, n, c: runs.list_runs(ctx, limit=n, cursor=c)),
    "failed runs": (10, lambda ctx, n, c: runs.list_runs(ctx, limit=n, cursor=c, status="failed")),
    "artifacts": (PAGE, lambda ctx, n, c: artifacts.list_artifacts(ctx, limit=n, cursor=c)),
    "artifacts by a part of the name": (
        10, lambda ctx, n, c: artifacts.list_artifacts(ctx, limit=n, cursor=c, name="5")
    ),
    "versions of an artifact": (
        PAGE, lambda ctx, n, c: artifacts.list_versions(ctx, "artifact_00001", limit=n, cursor=c)
    ),
    "versions": (PAGE, lambda ctx, n, c: artifacts.search_versions(ctx, limit=n, cursor=c)),
    "versions that nothing uses": (
        1, lambda ctx, n, c: artifacts.search_versions(ctx, limit=n, cursor=c, only_unused=True)
    ),
    "versions with a tag": (1, lambda ctx, n, c: artifacts.search_versions(ctx, limit=n, cursor=c, tags=["tag-7"])),
    "models": (10, lambda ctx, n, c: models.list_models(ctx, limit=n, cursor=c)),
}  # fmt: skip
WORKLOADS: dict[str, Workload] = {"catalog": catalog}
