"""Environments of the products that Stackyard is compared with, each its own, kept under the user's cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.measure import PROGRAMS

COMMON = ("numpy", "pandas", "pyarrow")
INSTALL_TIMEOUT_S = 1200


@dataclass(frozen=True)
class Peer:
    """A product, what to install for it, and whether its steps take long."""

    name: str
    packages: tuple[str, ...]
    slow: bool = False
    """Its steps take so long that hundreds of them are measured once."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that keep it from phoning home and from opening windows."""


PEERS = (
    Peer("joblib", ("joblib",)),
    Peer("hamilton", ("sf-hamilton", "diskcache"), environment=(("HAMILTON_TELEMETRY_ENABLED", "false"),)),
    Peer("kedro", ("kedro", "kedro-datasets[pickle-pickledataset]"), environment=(("KEDRO_DISABLE_TELEMETRY", "1"),)),
    Peer(
        "zenml",
        ("zenml[server]",),
        slow=True,
        environment=(("ZENML_ANALYTICS_OPT_IN", "false"), ("AUTO_OPEN_DASHBOARD", "false")),
    ),
)


def install(peer: Peer) -> Path:
    """Return the interpreter of the peer's environment; makes it when needed.

    Raises:
        RuntimeError: it can't be installed here.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard" / "peers"
    folder = base / peer.name
    interpreter = folder / "bin" / "python"
    if (folder / "complete").exists():
        return interpreter
    shutil.rmtree(folder, ignore_errors=True)
    base.mkdir(parents=True, exist_ok=True)
    python = getattr(sys, "_base_executable", sys.executable)
    uv = shutil.which("uv") or shutil.which("uv", path=str(PROGRAMS))
    if uv:
        _run(uv, "venv", "--quiet", "--python", python, str(folder))
        _run(uv, "pip", "install", "--quiet", "--python", str(interpreter), *peer.packages, *COMMON)
    else:
        _run(python, "-m", "venv", str(folder))
        _run(str(interpreter), "-m", "pip", "install", "--quiet", *peer.packages, *COMMON)
    (folder / "complete").touch()
    return interpreter


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-1500:]}")
