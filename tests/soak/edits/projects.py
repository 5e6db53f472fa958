"""Small projects of several modules, put together at random from features of the language that a cache may overlook."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

FEATURES_FILE = Path(__file__).with_name("features.txt")
"""Features after ``===``, their modules after ``---``; each has ``go(x)`` in its module ``near$``. ``$`` is the
feature's number in the project, ``#`` a number."""
STEPS = 2


@dataclass
class Project:
    """Files of a project, and its steps."""

    files: dict[str, str]
    """Relative path to text."""
    steps: list[str]


def make_project(rng: random.Random, features: int = 5) -> Project:
    """Return a project with some features, each used by one step or more, some by none."""
    files: dict[str, str] = {}
    expressions: list[str] = []
    imports: list[str] = []
    for number, modules in enumerate(rng.sample(_features(), features)):
        for name, text in modules.items():
            files[f"{name}.py".replace("$", str(number))] = _filled(text, number, rng)
        expressions.append(f"near{number}.go(x)")
        imports.append(f"import near{number}")
    steps = [f"step_{i}" for i in range(STEPS)]
    body = ["from stackyard import step", *imports, f"SHARED = {rng.randrange(100)}", ""]
    for i, name in enumerate(steps):
        used = rng.sample(expressions, rng.randrange(1, 4))
        extra = rng.choice(["", " + SHARED", " + len(rows or [])"])
        value = " + ".join(used) + extra
        typed = rng.choice(["x: int, rows: list[int] = None", "x, rows=(1, 2)", "x: int = 2, rows: 'list[int]' = None"])
        body += ["@step", f"def {name}({typed}):", f"    return {value}", ""] if i != 1 else [
            "@step", f"def {name}({typed}):", "    total = 0", "    for _ in range(2):", f"        total += {value}",
            "    return total", "",
        ]  # fmt: skip
    files["steps.py"] = "\n".join(body)
    return Project(files, steps)


def _features() -> list[dict[str, str]]:
    """Return the modules of each feature."""
    found: list[dict[str, str]] = []
    for feature in FEATURES_FILE.read_text(encoding="utf-8").split("=== ")[1:]:
        modules = feature.split("\n--- ")[1:]
        found.append({module.split("\n", 1)[0]: module.split("\n", 1)[1].rstrip("\n") + "\n" for module in modules})
    return found


def _filled(text: str, number: int, rng: random.Random) -> str:
    parts = text.replace("$", str(number)).split("#")
    return parts[0] + "".join(str(rng.randrange(1, 60)) + part for part in parts[1:])
