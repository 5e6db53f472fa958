"""Measures Stackyard beside other products, in one run: the same work, whole processes, in turns.

python -m tests.bench.peers                    # all that can be installed
python -m tests.bench.peers joblib zenml       # some
python -m tests.bench.peers --repeat 3 --json out.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.measure import Row, Times, environment, ratio, table, take_turns, time_command
from tests.bench.peers.installing import PEERS, Peer, install

HERE = Path(__file__).resolve().parent
SLEEPS = 8
CHAINS = (1, 10, 100, 1000)
FAN = 200


def compare(peer: Peer, interpreter: Path, folder: Path, repeat: int) -> list[Row]:
    """Return the rows of one peer and Stackyard beside it."""
    rows: list[Row] = []
    chains = {length: f"{length:,} steps in a row" if length > 1 else "one step" for length in CHAINS}
    by_name: dict[str, Times] = {}
    for label, arguments in (
        *((label, ["chain", str(length)]) for length, label in chains.items()),
        (f"fan-out and fan-in of {FAN}", ["fan", str(FAN)]),
        (f"{SLEEPS} x sleep(1)", ["sleeps", str(SLEEPS)]),
        ("100 MB array between two steps", ["array", "0"]),
    ):
        once = peer.slow and int(arguments[1]) >= FAN
        times = take_turns(
            {
                peer.name: _command(peer, interpreter, folder, arguments),
                "stackyard": _command(None, Path(sys.executable), folder, arguments),
            },
            1 if once else repeat,
            trials=0 if once else 1,
        )
        by_name.update({f"{label}: {name}": found for name, found in times.items()})
        rows.extend(Row(f"{label}: {name}", found) for name, found in times.items())
        rows.append(Row("  times as long as Stackyard", ratio(times[peer.name], times["stackyard"]), "x"))
    for name in (peer.name, "stackyard"):
        one = by_name[f"{chains[1]}: {name}"].median
        for length in CHAINS[1:]:
            each = tuple((many - one) * 1000 / (length - 1) for many in by_name[f"{chains[length]}: {name}"].seconds)
            rows.append(Row(f"overhead a step, {length:,} in a row: {name}", Times(each), "ms"))
    return rows


def compare_commands(interpreter: Path, peer: Peer, folder: Path, repeat: int) -> list[Row]:
    """Return commands that ZenML and Stackyard both have."""
    theirs, ours = str(interpreter.parent / "zenml"), str(Path(sys.executable).parent / "stackyard")
    env = {**environment(folder / "home"), **dict(peer.environment), **_zenml_home(folder)}
    rows: list[Row] = []
    for words, budget in (("stack list", 1 / 20), ("stack set default", None), ("--help", None), ("--version", None)):
        times = take_turns(
            {
                "zenml": lambda words=words: time_command([theirs, *words.split()], cwd=folder, env=env),  # type: ignore[misc]
                "stackyard": lambda words=words: time_command([ours, *words.split()], cwd=folder, env=env),  # type: ignore[misc]
            },
            repeat,
        )
        rows.extend(Row(f"{name} {words}", found) for name, found in times.items())
        rows.append(Row(f"  {words}: stackyard / zenml", ratio(times["stackyard"], times["zenml"]), "x", budget))
    return rows


def _command(peer: Peer | None, interpreter: Path, folder: Path, arguments: list[str]) -> Callable[[], float]:
    name = peer.name if peer else "stackyard"
    work = folder / name
    work.mkdir(exist_ok=True)
    variables = {**(dict(peer.environment) if peer else {}), **_zenml_home(folder)}
    env = {**environment(work / "home"), **variables, "DO_NOT_TRACK": "1"}
    command = [str(interpreter), str(HERE / f"{name}_workload.py"), *arguments]
    return lambda: time_command(command, cwd=work, env=env)


def _zenml_home(folder: Path) -> dict[str, str]:
    return {"ZENML_CONFIG_PATH": str(folder / "zenml-home")}


def main() -> int:
    """Install what can be installed, and compare."""
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description="Measures beside other products.")
    parser.add_argument("names", nargs="*", metavar="PEER", help=f"peers: {', '.join(names)}; default: all")
    parser.add_argument("--repeat", type=int, default=3, help="repetitions, of which the median counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in names]
    if unknown:
        parser.error(f"no such peer: {', '.join(unknown)}; there are: {', '.join(names)}")
    found: dict[str, list[Row]] = {}
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for peer in PEERS:
        if options.names and peer.name not in options.names:
            continue
        try:
            interpreter = install(peer)
        except (RuntimeError, OSError) as error:
            print(f"\n{peer.name} can't be installed here: {error}", flush=True)
            continue
        with tempfile.TemporaryDirectory(prefix="stackyard-peers-") as folder:
            try:
                found[peer.name] = compare(peer, interpreter, Path(folder), options.repeat)
                if peer.name == "zenml":
                    found[peer.name] += compare_commands(interpreter, peer, Path(folder), options.repeat)
            except RuntimeError as error:  # the others count all the same
                print(f"\n{peer.name} failed: {error}", flush=True)
                continue
        print(f"\n{peer.name}\n{table(found[peer.name])}", flush=True)
    if options.json:
        document = {name: [row.as_dict() for row in rows] for name, rows in found.items()}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
