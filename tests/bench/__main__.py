"""Measures Stackyard against its budgets.

python -m tests.bench                    # everything
python -m tests.bench start steps        # some workloads
python -m tests.bench --json out.json    # the figures as JSON too
python -m tests.bench --strict           # exit code 1 if something is over its budget
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import catalog, graphs, reading, workloads
from tests.bench.measure import Row, table

WORKLOADS = {**workloads.WORKLOADS, **graphs.WORKLOADS, **reading.WORKLOADS, **catalog.WORKLOADS}


def main() -> int:
    """Run the workloads and print their table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Measures Stackyard against its budgets."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"workloads: {', '.join(WORKLOADS)}; default: all")
    parser.add_argument("--repeat", type=int, default=5, help="repetitions, of which the median counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if something is over its budget")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in WORKLOADS]
    if unknown:
        parser.error(f"no such workload: {', '.join(unknown)}; there are: {', '.join(WORKLOADS)}")
    rows: list[Row] = []
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for name in options.names or WORKLOADS:
        with tempfile.TemporaryDirectory(prefix="stackyard-bench-") as folder:
            found = WORKLOADS[name](Path(folder), options.repeat)
        rows.extend(found)
        print(f"\n{name}\n{table(found)}", flush=True)
    over = [row.name.strip() for row in rows if row.verdict == "OVER"]
    judged = sum(row.budget is not None for row in rows)
    print(f"\n{judged - len(over)} of {judged} budgets kept" + (f"; over: {', '.join(over)}" if over else ""))
    if options.json:
        options.json.write_text(json.dumps([row.as_dict() for row in rows], indent=2) + "\n", encoding="utf-8")
    return 1 if over and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
