"""The page of ZenML's words is what the vocabulary says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_zenml_s_words_is_fresh() -> None:
    """Given the vocabulary, when the generator checks, then the committed page is the same."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "gen_vocabulary.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
