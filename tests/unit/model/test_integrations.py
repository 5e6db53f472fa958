"""The integrations are the package's extras."""

from __future__ import annotations

import re
from pathlib import Path

from stackyard.model.integrations import INTEGRATIONS

ROOT = Path(__file__).resolve().parents[3]


def test_every_integration_is_an_extra_with_the_same_requirements() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text.split("[project.optional-dependencies]\n")[1].split("\n\n")[0]
    extras = {
        name: tuple(re.findall(r'"([^"]+)"', requirements))
        for name, requirements in re.findall(r"^([\w-]+) = \[(.*?)\]$", block, re.MULTILINE)
    }
    extras.pop("server")
    assert extras == {name: integration.requirements for name, integration in INTEGRATIONS.items()}


def test_every_integration_says_what_it_is_for() -> None:
    assert all(integration.doc.endswith(".") for integration in INTEGRATIONS.values())
