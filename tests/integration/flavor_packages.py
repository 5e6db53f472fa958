"""The sample package of flavors, installed as users install packages: by a tool, into a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.user import PROGRAMS, ROOT

SAMPLE = ROOT / "tests" / "packages" / "stackyard-blobs"


def install_sample(target: Path, source: Path = SAMPLE) -> None:
    """Build and install the package; nothing is downloaded."""
    done = subprocess.run(
        [
            *(str(PROGRAMS / "uv"), "pip", "install", "--quiet", "--offline", "--no-deps", "--no-build-isolation"),
            *("--python", sys.executable, "--target", str(target), str(source)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
