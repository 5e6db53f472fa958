"""Writes the lock files in requirements/ anew: the newest releases that pyproject.toml and the `*.in` files allow.

    npm run lock                    # keeps what is pinned and still fits
    npm run lock -- --upgrade       # takes the newest of everything

dev.lock serves every Python from 3.10 on (with markers); bundle.lock is resolved for 3.10 alone, since one set of pure
packages must serve all, and holds the digests of all wheels. Neither names where packages come from.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("matplotlib", "mlflow", "numpy", "pandas", "pillow", "polars", "pyarrow", "secrets", "server", "sklearn")

_COMPILE = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-annotate", "--no-header"]


def main() -> int:
    """Runs uv's resolver twice; returns the exit code of the first that fails, else 0."""
    extras = [f"--extra={name}" for name in EXTRAS]
    every_python = ["--universal", "--python-version=3.10"]
    oldest_python = ["--python-version=3.10", "--python-platform=x86_64-manylinux_2_28", "--only-binary=:all:"]
    jobs = [
        [*every_python, *extras, "pyproject.toml", "requirements/dev.in", "--output-file=requirements/dev.lock"],
        [*oldest_python, "--generate-hashes", "requirements/bundle.in", "--output-file=requirements/bundle.lock"],
    ]
    for job in jobs:
        done = subprocess.run([*_COMPILE, *job, *sys.argv[1:]], cwd=ROOT, check=False)
        if done.returncode != 0:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
