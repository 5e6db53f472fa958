"""The crash scenarios of the integration suite, and the random edits of the cache, many more times.

python -m tests.soak                      # everything: 200 kills, 100 signals, 1 GB, many at once, 2,000 edits
python -m tests.soak kills --seed 7       # one scenario, repeatable
python -m tests.soak --scale 0.1          # a tenth of the counts
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.integration.catalog_traffic import traffic
from tests.integration.crashes import crash_and_resume
from tests.integration.flood import FLOOD_STEPS, flood
from tests.integration.registry_scenario import change_registry_at_random
from tests.integration.scenarios import first_runs_at_once
from tests.integration.signals import signal_anything
from tests.integration.user import User
from tests.soak.edits.judge import judged
from tests.soak.torch_values import round_trips

KILLS = 200
SIGNALS = 100
FLOOD_MB = 1000
WRITERS = 16
EACH = 100
LONGEST_WAIT_S = 5.0
FIRST_RUNS = 16
FIRST_RUN_ROUNDS = 20
TENSORS = 300
EDITS = 2000
TRAFFIC_RUNS = 100


def kills(user: User, seed: int, scale: float) -> str:
    """Kill anything at any time, resume, and check what must hold."""
    return str(crash_and_resume(user, random.Random(seed), max(1, round(KILLS * scale))))


def signals(user: User, seed: int, scale: float) -> str:
    """Send signals at any time."""
    outcomes = signal_anything(user, random.Random(seed), max(1, round(SIGNALS * scale)))
    return ", ".join(f"{count} {status}" for status, count in outcomes.most_common())


def floods(user: User, seed: int, scale: float) -> str:
    """Let steps print 1 GB."""
    del seed
    report = flood(user, max(1, round(FLOOD_MB / FLOOD_STEPS * scale)))
    return f"{report.megabytes * FLOOD_STEPS} MB, every byte kept; the driver needed {report.peak_mb:.0f} MB at most"


def writers(user: User, seed: int, scale: float) -> str:
    """Change the registry from many processes at once, and kill some of them."""
    report = change_registry_at_random(user, seed, WRITERS, max(2, round(EACH * scale)), max(1, round(WRITERS * scale)))
    assert max(report.seconds) < LONGEST_WAIT_S, str(report)
    return str(report)


def first_runs(user: User, seed: int, scale: float) -> str:
    """Begin many first runs at once, on a fresh home each round."""
    del seed
    rounds = max(1, round(FIRST_RUN_ROUNDS * scale))
    for number in range(rounds):
        user.home = user.folder.parent / f"home-{number}"
        first_runs_at_once(user, FIRST_RUNS)
    return f"{rounds} times {FIRST_RUNS} first runs"


def edits(user: User, seed: int, scale: float) -> str:
    """Edit generated projects, and run them without a cache to see whether it would have been wrong."""
    report = judged(seed, max(1, round(EDITS * scale)), user.folder)
    assert report.stale == [], "\n\n".join(report.stale)
    return str(report)


def torch(user: User, seed: int, scale: float) -> str:
    """Store and load values of torch, where that is installed."""
    return round_trips(user.folder, seed, max(1, round(TENSORS * scale)))


def catalog(user: User, seed: int, scale: float) -> str:
    """Let two processes write runs while 20 read."""
    del seed
    return str(traffic(user, max(1, round(TRAFFIC_RUNS * scale))))


SCENARIOS: dict[str, Callable[[User, int, float], str]] = {
    "kills": kills,
    "signals": signals,
    "floods": floods,
    "writers": writers,
    "first-runs": first_runs,
    "edits": edits,
    "catalog": catalog,
    "torch": torch,
}


def main() -> int:
    """Run the scenarios; the first failure ends the soak with what it takes to repeat it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Crashes things, many times.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"scenarios: {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--seed", type=int, default=random.randrange(1, 2**31), help="of the chances that are taken")
    parser.add_argument("--scale", type=float, default=1.0, help="factor of all counts")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(SCENARIOS)}")
    print(f"seed {options.seed}", flush=True)
    for name in options.names or SCENARIOS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="stackyard-soak-") as folder:
            project = Path(folder) / "project"
            project.mkdir()
            user = User(project, Path(folder) / "home")
            try:
                told = SCENARIOS[name](user, options.seed, options.scale)
            except AssertionError:
                print(f"{name} failed; again with: python -m tests.soak {name} --seed {options.seed}", flush=True)
                raise
            finally:
                user.clean_up()
        print(f"{name}: {told}, in {time.monotonic() - begun:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
