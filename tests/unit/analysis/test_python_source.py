"""Steps and pipelines are found under any alias, in half-typed code too, without importing anything."""

from __future__ import annotations

import pytest

from stackyard.analysis.python_source import analyse, analyse_text
from stackyard.analysis.syntax import PythonSource
from stackyard.analysis.values import Definition, Parameter


def only(text: str) -> Definition:
    (definition,) = analyse_text(text).definitions
    return definition


@pytest.mark.parametrize(
    ("imports", "decorator", "kind"),
    [
        ("from stackyard import step", "@step", "step"),
        ("from stackyard import step", "@step()", "step"),
        ("from stackyard import step as s", "@s", "step"),
        ("from stackyard import (pipeline as p,\n  Client)", "@p(enable_cache=False)", "pipeline"),
        ("import stackyard", "@stackyard.pipeline", "pipeline"),
        ("import stackyard as sy", "@sy.pipeline(name='x')", "pipeline"),
        ("import stackyard.authoring", "@stackyard.authoring.step", "step"),
        ("from stackyard.authoring import step", "@step", "step"),
        ("from stackyard import *", "@pipeline", "pipeline"),
        ("from stackyard import step\nquick = step(enable_cache=False)", "@quick", "step"),
        ("try:\n    from stackyard import step\nexcept ImportError:\n    raise", "@step", "step"),
        ("from stackyard import step", "@other\n@step\n@third", "step"),
    ],
)
def test_a_decorated_function_is_found_under_every_alias(imports: str, decorator: str, kind: str) -> None:
    found = only(f"{imports}\n\n{decorator}\ndef train(a): ...\n")
    assert (found.kind, found.function) == (kind, "train")


@pytest.mark.parametrize(
    "text",
    [
        "from dagster import step\n@step\ndef f(): ...\n",
        "@step\ndef f(): ...\n",
        "import stackyard as sy\nimport other\n@other.step\ndef f(): ...\n",
        "from stackyard import step\nfrom luigi import step\n@step\ndef f(): ...\n",
        "from stackyard import step\n@step\nclass A: ...\n",
        "from stackyard import step\ndef outer():\n    @step\n    def inner(): ...\n",
        "",
        "\x00\x01",
    ],
)
def test_what_is_not_ours_is_left_out(text: str) -> None:
    assert analyse_text(text).definitions == ()


def test_a_definition_has_all_that_lists_and_forms_show() -> None:
    found = only(
        "import stackyard as sy\n"
        "\n"
        '@sy.pipeline(enable_cache=True, name="trai" + "n")\n'
        "async def run_it(a, b: 'list[int]', c=1, d: str = \"x\", *args, e, f: int = 2, **rest) -> None:\n"
        '    r"""Train the model.\n\n    More.\n    """\n'
    )
    assert (found.name, found.function, found.line, found.column) == ("run_it", "run_it", 4, 10)
    assert found.doc == "Train the model."
    assert found.parameters == (
        Parameter("a", "", None),
        Parameter("b", "'list[int]'", None),
        Parameter("c", "", "1"),
        Parameter("d", "str", '"x"'),
        Parameter("e", "", None),
        Parameter("f", "int", "2"),
    )
    assert [p.required for p in found.parameters] == [True, True, False, False, True, False]


def test_the_decorator_gives_the_name() -> None:
    assert only("from stackyard import step\n@step(name='tr\\u00e4in')\ndef f(): ...\n").name == "träin"


def test_calls_are_listed_inside_out_with_their_original_names() -> None:
    found = only(
        "from stackyard import pipeline\n"
        "from steps import load as ld, train\n"
        "import steps.more as more\n"
        "@pipeline\n"
        "def p():\n"
        "    def helper():\n"
        "        hidden()\n"
        "    model = train(ld(1), depth=more.depth.with_options(stack='x')(2))\n"
        "    if model:\n"
        "        report(model)\n"
        "    report(model)\n"
    )
    assert [[call.original for call in names] for names in found.calls] == [
        ["load"],
        ["more", "depth", "with_options"],
        ["train"],
        ["report"],
    ]


def test_half_typed_code_keeps_what_can_be_read() -> None:
    module = analyse_text(
        "from stackyard import step, pipeline\n"
        "@step\ndef load() -> int:\n    return 1\n"
        "@pipeline\ndef p(n: int = 1):\n    x = load(\n\n"
        "@step\ndef train(a: int) -> int:\n    return a\n"
    )
    assert "load" in {d.function for d in module.definitions}
    assert module.problems
    assert all(problem.message.startswith("Syntax error") for problem in module.problems)


def test_a_problem_names_its_line() -> None:
    (problem,) = analyse_text("from stackyard import step\nx = = 1\n").problems
    assert problem.line == 2


def test_a_function_that_a_later_one_hides_is_reported() -> None:
    module = analyse_text("from stackyard import step\n@step\ndef f(): ...\n@step\ndef f(): ...\n")
    assert [(p.line, "line 5" in p.message) for p in module.problems] == [(3, True)]


@pytest.mark.parametrize("depth", [3_000])
def test_deep_nesting_is_no_trouble(depth: int) -> None:
    text = f"from stackyard import pipeline\n@pipeline\ndef p():\n    x = {'f(' * depth}1{')' * depth}\n"
    assert only(text).function == "p"
    chain = f"from stackyard import pipeline\n@pipeline\ndef p():\n    x = a{'.b()' * depth}\n"
    assert only(chain).function == "p"


def test_an_updated_tree_says_the_same_as_a_fresh_one() -> None:
    text = "from stackyard import step\n" + "@step\ndef f(a: int = 1) -> int:\n    return 'ä' if a else 2\n" * 20
    source = PythonSource(text)
    edits = [(40, 3, "x"), (0, 0, "# ü\n"), (200, 0, "("), (200, 1, ""), (300, 50, "\n\n@step\n"), (5, 0, "\U0001f600")]
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
        assert source.update(text)
        assert analyse(source) == analyse_text(text)
    assert not source.update(text)
