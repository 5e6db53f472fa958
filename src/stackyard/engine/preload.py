"""Which packages the zygote loads before it forks: heavy ones that are known to be safe to fork after importing."""

from __future__ import annotations

import sys
from collections.abc import Iterable

FORK_SAFE = frozenset({"numpy", "pandas", "pyarrow", "scipy", "sklearn", "skops", "joblib", "threadpoolctl", "PIL"})
"""A test runs each one's threads in workers forked after it was loaded."""


def loaded_modules() -> list[str]:
    """Return the modules that this driver has loaded and that the zygote may load too, in the order of loading."""
    return _with_companions(list(sys.modules))


def named_modules(imports: Iterable[str]) -> list[str]:
    """Return what of these imports the zygote may load ahead, while the driver still imports the user's code."""
    return _with_companions(sorted(imports))


def _with_companions(names: list[str]) -> list[str]:
    """Keep what is safe; add the packages that storing such values will need."""
    found = [name for name in names if name.split(".", 1)[0] in FORK_SAFE]
    tops = {name.split(".", 1)[0] for name in found}
    if "pandas" in tops:
        found.extend(["pyarrow", "pyarrow.ipc"])
    if "sklearn" in tops:
        found.append("skops.io")
    return found
