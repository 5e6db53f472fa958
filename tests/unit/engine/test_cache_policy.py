"""What cache policies add to keys."""

from __future__ import annotations

from pathlib import Path

from stackyard.engine.cache_policy import PolicyDigests
from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.options import CachePolicy


def test_a_file_that_a_step_of_the_run_wrote_counts_as_it_is_then(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    policy = CachePolicy(file_dependencies=["data.csv"])
    spec = StepSpec(name="a", source=StepSource(module="m", qualname="a"))
    digests = PolicyDigests(tmp_path, CodeDigests([str(tmp_path)]))
    file.write_text("before")
    before = digests.of(spec, policy)
    assert digests.of(spec, policy) == before
    file.write_text("after it")
    assert digests.of(spec, policy) != before
