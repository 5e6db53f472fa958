"""The code that is shown behind a digest is what the digest stands for."""

from __future__ import annotations

from pathlib import Path

from stackyard.engine.code_digest import CodeDigests
from stackyard.model.graph import StepSource


def test_the_text_behind_a_digest_is_of_that_name_alone(tmp_path: Path) -> None:
    """Texts are kept by digest, for all projects: what shares a statement with a name must not be shown for it."""
    steps = "from helpers import one, {0}\nif one:\n    LOW = 1\n    {0}2 = 2\ndef train():\n    return one + LOW\n"
    texts = []
    for other in ("two", "three"):
        folder = tmp_path / other
        folder.mkdir()
        (folder / "steps.py").write_text(steps.format(other), encoding="utf-8")
        (folder / "helpers.py").write_text("one = 1\ntwo = three = 2\n", encoding="utf-8")
        digests = CodeDigests([str(folder)])
        parts = digests.of(StepSource(module="steps", qualname="train", file=str(folder / "steps.py")))
        texts.append({parts[label]: digests.text(label) for label in ("steps.py:one", "steps.py:LOW")})
    assert texts[0] == texts[1]
    assert list(texts[0].values()) == ["from helpers import one", "if one:\n    LOW = 1"]
