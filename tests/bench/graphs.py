"""Pipelines of many steps: in a row, side by side, and what they cost the driver's memory."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.bench.measure import Row, Times, difference, environment, take_turns, time_command
from tests.bench.workloads import CHAIN, PYTHON, Workload, write_script

LENGTHS = (1, 10, 100, 1000)
BUDGETS_MS = {100: 2.0}
FAN = 200

FAN_OUT_AND_IN = textwrap.dedent(
    """
    import sys
    from stackyard import pipeline, step

    @step
    def first() -> int:
        return 1

    @step
    def times(value: int, number: int) -> int:
        return value * number

    @step
    def total(values: list[int]) -> int:
        return sum(values)

    @pipeline(enable_cache=False)
    def fan(width: int) -> None:
        value = first()
        total([times(value, number) for number in range(width)])

    if __name__ == "__main__":
        fan(int(sys.argv[1]))
    """
)

MEMORY = CHAIN + textwrap.indent(
    textwrap.dedent(
        """
        import pathlib, resource
        status = pathlib.Path("/proc/self/status")
        if status.exists():  # what getrusage says begins, on Linux, with the largest set of whoever started the process
            peak = int(status.read_text().partition("VmHWM:")[2].split()[0]) << 10
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        pathlib.Path("peak_mb").write_text(str(peak / (1 << 20)))
        """
    ),
    "    ",
)


def chains(folder: Path, repeat: int) -> list[Row]:
    """One to a thousand trivial steps in a row, each of which needs the one before."""
    env = environment(folder / "home")
    script = write_script(folder / "chain.py", CHAIN)
    times = take_turns(
        {
            str(length): lambda length=length: time_command(  # type: ignore[misc]
                [PYTHON, script, str(length)], cwd=folder, env=env
            )
            for length in LENGTHS
        },
        repeat,
    )
    rows = [Row(f"{length} steps in a row", times[str(length)]) for length in LENGTHS]
    for length in LENGTHS[1:]:
        overhead = difference(times[str(length)], times["1"], factor=1000 / (length - 1))
        rows.append(Row(f"  {length} in a row: overhead a step", overhead, "ms", BUDGETS_MS.get(length)))
    return rows


def fans(folder: Path, repeat: int) -> list[Row]:
    """Steps that need one value, and one that needs the values of them all."""
    env = environment(folder / "home")
    script = write_script(folder / "fan.py", FAN_OUT_AND_IN)

    def run(width: int) -> float:
        return time_command([PYTHON, script, str(width)], cwd=folder, env=env)

    times = take_turns({"1": lambda: run(1), str(FAN): lambda: run(FAN)}, repeat)
    overhead = difference(times[str(FAN)], times["1"], factor=1000 / (FAN - 1))
    return [
        Row("fan-out and fan-in of 1", times["1"]),
        Row(f"fan-out and fan-in of {FAN}", times[str(FAN)]),
        Row(f"  fan of {FAN}: overhead a step", overhead, "ms"),
    ]


def memory(folder: Path, repeat: int) -> list[Row]:
    """The driver's largest resident set: what a thousand steps add to that of one is their specifications and rows."""
    env = environment(folder / "home")
    script = write_script(folder / "chain.py", MEMORY)

    def peak(length: int) -> float:
        time_command([PYTHON, script, str(length)], cwd=folder, env=env)
        return float((folder / "peak_mb").read_text(encoding="utf-8"))

    peaks = {length: Times(tuple(peak(length) for _ in range(min(repeat, 3)))) for length in LENGTHS}
    rows = [Row(f"driver's memory, {length} steps in a row", peaks[length], "MB") for length in LENGTHS]
    added = difference(peaks[LENGTHS[-1]], peaks[1], factor=1000 / (LENGTHS[-1] - 1))
    return [*rows, Row("  what 1,000 steps add", added, "MB")]


WORKLOADS: dict[str, Workload] = {"chains": chains, "fans": fans, "memory": memory}
