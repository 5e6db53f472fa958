"""What this process runs: somebody's script, or a program that came with the interpreter or a package.

Imported with the first public name, so standard library only.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_OURS = Path(__file__).absolute().parent


def main_file() -> Path | None:
    """Return the file of the user's script or module that this process runs; None in shells, notebooks and ours."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    if not file or sys.flags.interactive:
        return None
    path = Path(file).absolute()
    return None if path.is_relative_to(_OURS) else path


def is_script() -> bool:
    """Tell whether this process runs a script of the user's: no installed program, no child of ``multiprocessing``."""
    file = main_file()
    # A child imports the script under another name, to reach its functions.
    return file is not None and sys.modules["__main__"].__name__ == "__main__" and not is_installed(file)


def is_installed(file: Path) -> bool:
    """Tell whether a program came with the interpreter or a package: a test runner, a web server."""
    if {"site-packages", "dist-packages"} & set(file.parts):
        return True
    return file.parent == Path(sys.executable).parent or file.is_relative_to(Path(os.__file__).parent)
