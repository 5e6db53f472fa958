"""What is measured, each a function from a fresh folder and a number of repetitions to rows of the table."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from stackyard.api import runs
from stackyard.api.component_changes import update_component
from stackyard.api.components import register_component
from stackyard.api.context import open_context
from stackyard.api.stacks import register_stack
from stackyard.model.enums import ComponentType
from stackyard.model.views import RunView
from tests.bench.measure import PROGRAMS, Row, Times, difference, environment, ratio, take_turns, time_command

Workload = Callable[[Path, int], list[Row]]

PYTHON = sys.executable
STACKYARD = str(PROGRAMS / "stackyard")

PYDANTIC_CLASS = textwrap.dedent(
    """
    import pydantic

    class Ten(pydantic.BaseModel):
        a: int
        b: str
        c: float
        d: bool
        e: list[int]
        f: dict[str, int]
        g: str | None = None
        h: int = 1
        i: str = ""
        j: float = 0.0
    """
)

CHAIN = textwrap.dedent(
    """
    import sys
    from stackyard import pipeline, step

    @step
    def first() -> int:
        return 1

    @step
    def add_one(value: int) -> int:
        return value + 1

    @pipeline(enable_cache="cached" in sys.argv)
    def chain(length: int) -> None:
        value = first()
        for _ in range(length - 1):
            value = add_one(value)

    if __name__ == "__main__":
        chain(int(sys.argv[1]))
    """
)

SLEEPS = textwrap.dedent(
    """
    import time
    from stackyard import pipeline, step

    @step
    def nap(number: int) -> int:
        time.sleep(1)
        return number

    @pipeline
    def naps() -> None:
        for number in range(8):
            nap(number)

    if __name__ == "__main__":
        naps()
    """
)

DATA = textwrap.dedent(
    """
    import sys, time
    import numpy as np
    import pandas as pd
    from stackyard import log_metadata, pipeline, step

    @step
    def make_array() -> np.ndarray:
        begun = time.perf_counter()
        value = np.random.default_rng(0).random(12_500_000)
        log_metadata({"seconds": time.perf_counter() - begun})
        return value

    @step
    def use_array(value: np.ndarray) -> float:
        return float(value.sum())

    @step
    def make_table() -> pd.DataFrame:
        begun = time.perf_counter()
        value = pd.DataFrame(np.random.default_rng(0).random((1_000_000, 10)), columns=list("abcdefghij"))
        log_metadata({"seconds": time.perf_counter() - begun})
        return value

    @step
    def use_table(value: pd.DataFrame) -> float:
        return float(value["a"].sum())

    @pipeline(enable_cache=False)
    def array() -> None:
        use_array(make_array())

    @pipeline(enable_cache=False)
    def table() -> None:
        use_table(make_table())

    if __name__ == "__main__":
        {"array": array, "table": table}[sys.argv[1]]()
    """
)


def start(folder: Path, repeat: int) -> list[Row]:
    """The command line's start, against that of pydantic."""
    env = environment(folder / "home")
    script = write_script(folder / "pydantic_class.py", PYDANTIC_CLASS)
    budgets: dict[str, float | None] = {"--version": 2.0, "--help": 2.0, "stack get": 2.0, "stack set default": None}

    def command(*words: str) -> Callable[[], float]:
        return lambda: time_command(list(words), cwd=folder, env=env)

    times = take_turns(
        {
            "python -c pass": command(PYTHON, "-c", "pass"),
            "python with a pydantic class of 10 fields": command(PYTHON, script),
            **{f"stackyard {words}": command(STACKYARD, *words.split()) for words in budgets},
        },
        repeat,
    )
    yardstick = times["python with a pydantic class of 10 fields"]
    return [
        *(Row(name, found) for name, found in times.items()),
        *(
            Row(f"  stackyard {words}: ratio to pydantic", ratio(times[f"stackyard {words}"], yardstick), "x", budget)
            for words, budget in budgets.items()
        ),
    ]


def stack_list(folder: Path, repeat: int) -> list[Row]:
    """`stack list` with one stack, and with a thousand."""
    _register_stacks(folder, folder / "many", 999)
    few, many = environment(folder / "few"), environment(folder / "many")
    command = [STACKYARD, "stack", "list"]
    script = write_script(folder / "pydantic_class.py", PYDANTIC_CLASS)
    times = take_turns(
        {
            "python with a pydantic class of 10 fields": lambda: time_command([PYTHON, script], cwd=folder, env=few),
            "stack list, 1 stack": lambda: time_command(command, cwd=folder, env=few),
            "stack list, 1,000 stacks": lambda: time_command(command, cwd=folder, env=many),
        },
        repeat,
    )
    yardstick, one, thousand = times.values()
    return [
        *(Row(name, found) for name, found in times.items()),
        Row("  stack list, 1 stack: ratio to pydantic", ratio(one, yardstick), "x"),
        Row("  stack list: 1,000 stacks to one", ratio(thousand, one), "x", 2.0),
    ]


def registry(folder: Path, repeat: int) -> list[Row]:
    """A change of the registry with all that makes it safe, in a process that runs."""
    _register_stacks(folder, folder / "many", 999)
    rows = []
    for name, home in (("1 stack", folder / "few"), ("1,000 stacks", folder / "many")):
        ctx = open_context(folder, home)
        register_component(ctx, ComponentType.ARTIFACT_STORE, "mine", "local", {})
        seconds = []
        for number in range(repeat * 10):
            begun = time.perf_counter()
            update_component(ctx, ComponentType.ARTIFACT_STORE, "mine", {}, {"number": str(number)})
            seconds.append((time.perf_counter() - begun) * 1000)
        rows.append(Row(f"a change of the registry, {name}", Times(tuple(seconds)), "ms"))
    return rows


def steps(folder: Path, repeat: int) -> list[Row]:
    """One trivial step, a hundred in a row, and a hundred that are all cached."""
    env = environment(folder / "home")
    script = write_script(folder / "chain.py", CHAIN)

    def chain(*arguments: str) -> Callable[[], float]:
        return lambda: time_command([PYTHON, script, *arguments], cwd=folder, env=env)

    times = take_turns(
        {
            "one trivial step, python run.py to exit": chain("1"),
            "100 trivial steps in a row": chain("100"),
            "1 step, cached": chain("1", "cached"),
            "100 steps, all cached": chain("100", "cached"),
        },
        repeat,
    )
    one, hundred, one_cached, hundred_cached = times.values()
    return [
        Row("one trivial step, python run.py to exit", one, "s", 0.6),
        Row("100 trivial steps in a row", hundred),
        Row("  100 in a row: overhead a step", difference(hundred, one, factor=1000 / 99), "ms", 2.0),
        Row("1 step, cached", one_cached),
        Row("100 steps, all cached", hundred_cached),
        Row("  100 cached: beyond start-up", difference(hundred_cached, one_cached), "s", 0.1),
    ]


def sleeps(folder: Path, repeat: int) -> list[Row]:
    """Eight steps that each sleep for a second, on a fresh home each time."""
    script = write_script(folder / "sleeps.py", SLEEPS)
    spans: list[float] = []
    cold: list[float] = []
    cached: list[float] = []
    for number in range(repeat):
        home = folder / f"home-{number}"
        env = environment(home)
        cold.append(time_command([PYTHON, script], cwd=folder, env=env))
        run = _last_run(folder, home)
        spans.append(max(_at(s.ended_at) for s in run.steps) - min(_at(s.started_at) for s in run.steps))
        cached.append(time_command([PYTHON, script], cwd=folder, env=env))
    return [
        Row("8 x sleep(1): first start to last end", Times(tuple(spans)), "s", 1.6),
        Row("8 x sleep(1): whole process, cold", Times(tuple(cold)), "s", 3.2),
        Row("8 x sleep(1): whole process, cached", Times(tuple(cached)), "s", 0.9),
    ]


def data(folder: Path, repeat: int) -> list[Row]:
    """A large array and a large table from one step to the next, against writing, hashing and reading the bytes."""
    script = write_script(folder / "data.py", DATA)
    rows: list[Row] = []
    for name, size, what in (("array", 100_000_000, "100 MB array"), ("table", 80_000_000, "1M x 10 table")):
        home = folder / f"home-{name}"
        times = take_turns(
            {
                "plain": lambda size=size: _plain(folder / "plain.bin", size),  # type: ignore[misc]
                "steps": lambda name=name, home=home: _between_steps(folder, home, script, name),  # type: ignore[misc]
            },
            repeat,
        )
        rows.append(Row(f"{what}: write, hash and read the bytes", times["plain"]))
        rows.append(Row(f"{what}: between two steps", times["steps"]))
        rows.append(Row(f"  {what}: ratio", ratio(times["steps"], times["plain"]), "x", 1.2))
    return rows


WORKLOADS: dict[str, Workload] = {
    "start": start,
    "stack-list": stack_list,
    "registry": registry,
    "steps": steps,
    "sleeps": sleeps,
    "data": data,
}


def _between_steps(folder: Path, home: Path, script: str, name: str) -> float:
    """Return seconds from the first step's start to the last one's end, without making the value."""
    time_command([PYTHON, script, name], cwd=folder, env=environment(home))
    run = _last_run(folder, home)
    make, use = run.steps
    seconds = _at(use.ended_at) - _at(make.started_at) - float(make.metadata["seconds"])
    shutil.rmtree(home / "artifact_stores")  # gigabytes otherwise
    return seconds


def _plain(path: Path, size: int) -> float:
    import hashlib

    import numpy as np

    value = np.random.default_rng(0).random(size // 8)
    begun = time.perf_counter()
    digest = hashlib.sha256()
    view = memoryview(value).cast("B")
    with path.open("wb", buffering=0) as file:
        for offset in range(0, len(view), 1 << 20):
            digest.update(view[offset : offset + (1 << 20)])
            file.write(view[offset : offset + (1 << 20)])
    float(np.fromfile(path).sum())
    seconds = time.perf_counter() - begun
    path.unlink()
    return seconds


def _register_stacks(folder: Path, home: Path, count: int) -> None:
    """Register stacks as the API does, in one change of the registry after the first."""
    ctx = open_context(folder, home)
    register_component(ctx, ComponentType.ARTIFACT_STORE, "store", "local", {})
    first = register_stack(ctx, "stack-0", {"orchestrator": "default", "artifact_store": "store"})

    def add(registry):  # type: ignore[no-untyped-def]
        pattern = next(stack for stack in registry.stacks if stack.id == first.id)
        for number in range(1, count):
            update = {"id": f"{first.id[:-6]}{number:06d}", "name": f"stack-{number}"}
            registry.stacks.append(pattern.model_copy(update=update))

    ctx.registry.change(add)


def _last_run(folder: Path, home: Path) -> RunView:
    ctx = open_context(folder, home)
    return runs.get_run(ctx, runs.list_runs(ctx, limit=1, all_projects=True).items[0].id)


def _at(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def write_script(path: Path, text: str) -> str:
    """Write a script; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)
