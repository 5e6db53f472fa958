"""The drawing of a graph with rails: whoever follows the rails finds every edge, and no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stackyard.cli.graph_text import NODE, draw, levels, rails

JOINS = "├┤┼┴┘└"


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, list[str]]:
    """Give a graph in topological order."""
    count = draw(st.integers(1, 14))
    found: dict[str, list[str]] = {}
    for number in range(count):
        ups = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        found[f"s{number}"] = [f"s{up}" for up in sorted(ups)]
    return found


def _read(graph: dict[str, list[str]]) -> dict[str, set[str]]:
    """Find the edges in a drawing, as an eye does: down the rails, and along the line of a step."""
    owners: dict[int, str] = {}
    found: dict[str, set[str]] = {}
    for drawing, name, below in rails(graph):
        at = drawing.index(NODE) // 2
        joined = {at} if at in owners else set()
        for step in (-1, 1):
            column = at
            while 0 <= 2 * column + step < len(drawing) and drawing[2 * column + step] == "─":
                column += step
                if drawing[2 * column] in JOINS:
                    joined.add(column)
        found[name] = {owners[column] for column in joined}
        running = {i // 2 for i in range(0, len(below), 2) if below[i] == "│"}
        owners = {column: name if column == at else owners[column] for column in running}
    return found


@given(graphs())
def test_the_rails_lead_to_every_edge(graph: dict[str, list[str]]) -> None:
    assert _read(graph) == {name: set(ups) for name, ups in graph.items()}


@given(graphs())
def test_a_step_is_below_all_that_it_waits_for(graph: dict[str, list[str]]) -> None:
    at = levels(graph)
    assert all(at[up] < at[name] for name, ups in graph.items() for up in ups)
    assert all(at[name] == 0 or any(at[up] == at[name] - 1 for up in ups) for name, ups in graph.items())
    lines = draw(graph)
    assert len(lines) == 2 * len(graph) - 1
    assert draw(graph, width=2) == []
