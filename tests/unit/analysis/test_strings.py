"""A string literal in Python source names a stack or a component by where it stands."""

from __future__ import annotations

import pytest

from stackyard.analysis.strings import name_at
from stackyard.analysis.syntax import PythonSource
from stackyard.analysis.values import NameTarget, Position

HEAD = "from stackyard import pipeline, step, Client\n@pipeline\ndef mine(): ...\n"


def at_caret(text: str) -> NameTarget | None:
    """Return what the place marked by ``|`` names, in a file that imports Stackyard and has a pipeline ``mine``."""
    before, after = (HEAD + text).split("|")
    lines = before.split("\n")
    return name_at(PythonSource(before + after), Position(len(lines) - 1, len(lines[-1])))


@pytest.mark.parametrize(
    ("text", "name", "certain"),
    [
        ('mine.with_options(stack="pr|od")', "prod", True),
        ('x.with_options(enable_cache=False, stack="|prod")()', "prod", True),
        ('Client().activate_stack("prod|")', "prod", True),
        ("client.get_stack('pr|od')", "prod", True),
        ("client.get_stack(name_id_or_prefix='pr|od')", "prod", True),
        ('mine(stack="pr|od")', "prod", True),
        ('@pipeline(stack="pr|od")\ndef f(): ...', "prod", True),
        ('plot(stack="pr|od")', "prod", False),
        ('Client().activate_stack("tr\\u00e4|in")', "träin", True),
        ('Client().activate_stack(\n    """pr|od""",\n)', "prod", True),
        ('Client().activate_stack("pr|od"', "prod", True),
    ],
)
def test_a_stack_is_named(text: str, name: str, certain: bool) -> None:
    found = at_caret(text)
    assert found is not None
    assert (found.kind, found.name, found.component_type, found.certain) == ("stack", name, None, certain)


@pytest.mark.parametrize(
    ("text", "component_type", "certain"),
    [
        ('Client().get_stack_component("artifact_store", "st|ore")', "artifact_store", True),
        ('Client().get_stack_component(ComponentType.ARTIFACT_STORE, "st|ore")', "artifact_store", True),
        (
            'Client().get_stack_component(component_type="orchestrator", name_id_or_prefix="st|ore")',
            "orchestrator",
            True,
        ),
        ('@step(experiment_tracker="st|ore")\ndef f(): ...', "experiment_tracker", True),
        ('@step(step_operator="st|ore")\ndef f(): ...', "step_operator", True),
        ('train.with_options(step_operator="st|ore")', "step_operator", True),
        ('f(orchestrator="st|ore")', "orchestrator", False),
        ('Client().create_stack("new", components={"orchestrator": "st|ore"})', "orchestrator", True),
        ('x = {"artifact_store": "st|ore"}', "artifact_store", False),
    ],
)
def test_a_component_is_named(text: str, component_type: str, certain: bool) -> None:
    found = at_caret(text)
    assert found is not None
    assert (found.kind, found.name, found.component_type, found.certain) == (
        "component",
        "store",
        component_type,
        certain,
    )


@pytest.mark.parametrize(
    "text",
    [
        'print("pr|od")',
        'x = "pr|od"',
        'Client().activate_stack(f"pr|{x}")',
        'Client().activate_stack("pr|od" "more")',
        'Client().activate_stack(b"pr|od")',
        'Client().activate_stack("|")',
        'Client().get_stack_component("art|ifact_store", "store")',
        'Client().get_stack_component("nonsense", "st|ore")',
        'x = {"nonsense": "st|ore"}',
        'x = {"artifact_|store": "store"}',
        "mine.with_options(st|ack=name)",
        "|",
    ],
)
def test_other_text_names_nothing(text: str) -> None:
    assert at_caret(text) is None


def test_the_span_is_the_name_without_quotes_in_characters() -> None:
    source = PythonSource('ä = "\U0001f600"; client.get_stack("prod")\n')
    found = name_at(source, Position(0, 30))
    assert found is not None
    assert found.name == "prod"
    assert (found.span.start, found.span.end) == (Position(0, 27), Position(0, 31))


@pytest.mark.parametrize("position", [Position(99, 0), Position(0, 999), Position(0, 0)])
def test_a_position_outside_the_text_names_nothing(position: Position) -> None:
    assert name_at(PythonSource('x = "a"\n'), position) is None
