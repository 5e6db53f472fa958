"""Generated values that several property tests share."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from stackyard.model.graph import OutputRef, OutputSpec, StepSource, StepSpec

any_text = st.text(st.characters(codec=None), max_size=40)
"""Every text that Python can hold, lone surrogates included."""

finite = st.floats(allow_nan=False)
scalars = st.none() | st.booleans() | st.integers() | finite | any_text


def json_values(
    leaves: st.SearchStrategy[Any] = scalars, keys: st.SearchStrategy[str] = any_text
) -> st.SearchStrategy[Any]:
    """Return JSON values of Python: lists and dicts with text keys."""
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


def same(left: Any, right: Any) -> bool:
    """Tell whether two values are equal in type and value at every depth; NaN is NaN, and -0.0 is not 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, float):
        return repr(left) == repr(right)
    return bool(left == right)


def spec(name: str, inputs: list[str] | None = None, after: list[str] | None = None) -> StepSpec:
    """Return a step that takes an output of each step in ``inputs``."""
    return StepSpec(
        name=name,
        source=StepSource(module="m", qualname=name),
        inputs={f"in_{i}": OutputRef(step=up, output="output") for i, up in enumerate(inputs or [])},
        after=list(after or []),
        outputs=[OutputSpec(name="output", artifact_name=name)],
    )


@st.composite
def graphs(draw: st.DrawFn, max_steps: int = 12) -> list[StepSpec]:
    """Return steps as a pipeline records them: each waits for earlier ones only."""
    steps: list[StepSpec] = []
    for i in range(draw(st.integers(1, max_steps))):
        earlier = [s.name for s in steps]
        choose = st.lists(st.sampled_from(earlier), max_size=3) if earlier else st.just(list[str]())
        steps.append(spec(f"s{i}", draw(choose), draw(choose)))
    return steps
