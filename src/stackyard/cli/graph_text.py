"""Drawings of a graph of steps: with rails in a terminal, for Mermaid, for Graphviz. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Graph = Mapping[str, Sequence[str]]
"""Step to the steps it waits for, in topological order."""

NODE = "●"


def levels(graph: Graph) -> dict[str, int]:
    """Return how many steps must end one after the other before each step; those that wait for nothing are at 0."""
    found: dict[str, int] = {}
    for name, ups in graph.items():
        found[name] = 1 + max((found[up] for up in ups if up in found), default=-1)
    return found


def rails(graph: Graph) -> list[tuple[str, str]]:
    """Return a line for each step: its drawing, and its name.

    What a step gives runs down a rail until the last step that takes it. A step's line joins it to the rails of those
    that it waits for.
    """
    users = {name: {user for user, ups in graph.items() if name in ups} for name in graph}
    lanes: list[str | None] = []
    """What each rail carries on."""
    freed: dict[int, int] = {}
    """Rail to the line at which it ended: nothing else begins right under it, or it would look joined."""
    lines: list[tuple[str, str]] = []
    for number, (name, ups) in enumerate(graph.items()):
        joined = [i for i, source in enumerate(lanes) if source is not None and source in ups]
        for source in {lanes[i] for i in joined}:
            users[str(source)].discard(name)
        ending = [i for i in joined if not users[str(lanes[i])]]
        own = ending[0] if ending else _free(lanes, freed, number)
        lines.append((_line(lanes, own, joined, ending), name))
        for i in ending:
            lanes[i] = None
            freed[i] = number
        if users[name]:
            lanes[own] = name
        else:
            lanes[own] = None
            freed[own] = number
        while lanes and lanes[-1] is None and freed.get(len(lanes) - 1, -2) < number:
            lanes.pop()
    return lines


def mermaid(graph: Graph, statuses: Mapping[str, str]) -> str:
    """Return a flowchart for Mermaid."""
    ids = {name: f"s{number}" for number, name in enumerate(graph)}
    lines = ["flowchart TD"]
    lines += [f'    {ids[name]}["{_escaped(name)}<br/>{statuses[name]}"]' for name in graph]
    lines += [f"    {ids[up]} --> {ids[name]}" for name, ups in graph.items() for up in ups if up in ids]
    return "\n".join(lines)


def dot(graph: Graph, statuses: Mapping[str, str]) -> str:
    """Return a digraph for Graphviz."""
    lines = ["digraph run {", "    node [shape=box];"]
    lines += [f"    {_quoted(name)} [label={_quoted(f'{name}|{statuses[name]}', newline='|')}];" for name in graph]
    lines += [f"    {_quoted(up)} -> {_quoted(name)};" for name, ups in graph.items() for up in ups if up in graph]
    return "\n".join([*lines, "}"])


def _free(lanes: list[str | None], freed: dict[int, int], number: int) -> int:
    """Return a rail on which a step can begin that takes over nobody's."""
    for i, source in enumerate(lanes):
        if source is None and freed.get(i, -2) < number - 1:
            return i
    lanes.append(None)
    return len(lanes) - 1


def _line(lanes: Sequence[str | None], own: int, joined: Sequence[int], ending: Sequence[int]) -> str:
    """Draw the rails at the line of a step."""
    reach = [own, *joined]
    low, high = min(reach), max(reach)
    text = ""
    for i, source in enumerate(lanes):
        inside = low <= i <= high
        if i == own:
            sign = NODE
        elif i in joined:
            ends = i in ending
            left, right = i > low, i < high
            sign = _corner(ends=ends, left=left, right=right)
        elif source is not None:
            sign = "│"  # a step's line passes behind it
        else:
            sign = "─" if inside else " "
        text += sign + ("─" if low <= i < high else " ")
    return text.rstrip()


def _corner(*, ends: bool, left: bool, right: bool) -> str:
    """Return the sign for a rail that a step's line is joined to."""
    if ends:
        return "┴" if left and right else "┘" if left else "└"
    return "┼" if left and right else "┤" if left else "├"


def _escaped(name: str) -> str:
    return name.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _quoted(text: str, newline: str = "") -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + (escaped.replace(newline, "\\n") if newline else escaped) + '"'
