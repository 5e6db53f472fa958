"""No stale hit in random edits of generated projects, judged by running them without a cache."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak.edits.judge import judged

EDITS = 100
"""Of each seed; ``npm run soak -- edits`` makes 2,000."""


@pytest.mark.parametrize("seed", [20, None], ids=["fixed", "random"])
def test_whenever_a_result_differs_the_digest_does(tmp_path: Path, seed: int | None) -> None:
    report = judged(seed if seed is not None else random.randrange(1, 2**31), EDITS, tmp_path)
    print(report)
    assert report.stale == [], f"seed {report.seed}\n" + "\n\n".join(report.stale)
    assert report.edits == EDITS
    # Pairs of a step and an edit; 0.3 to 1.5 an edit, by what the project of the seed happens to compute.
    assert report.differ > EDITS / 10, "most edits changed nothing: they would prove little"
    assert report.needless < report.same, "if every edit missed, the whole project would count"
    assert report.idle_needless < report.idle / 2
