"""Drawings of a graph of steps: with rails in a terminal, for Mermaid, for Graphviz. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stackyard.cli.text import cell_width

Graph = Mapping[str, Sequence[str]]
"""Step to the steps it waits for, in topological order."""

NODE = "●"
SPACED = 40
"""Steps up to which there is a line between two, so that rails are easier to follow."""


def levels(graph: Graph) -> dict[str, int]:
    """Return how many steps must end one after the other before each step; those that wait for nothing are at 0."""
    found: dict[str, int] = {}
    for name, ups in graph.items():
        found[name] = 1 + max((found[up] for up in ups if up in found), default=-1)
    return found


def rails(graph: Graph) -> list[tuple[str, str, str]]:
    """Return a line for each step: its drawing, its name, and the rails that run on below it.

    What a step gives runs down a rail until the last step that takes it. A step's line joins it to the rails of those
    that it waits for.
    """
    users: dict[str, set[str]] = {name: set() for name in graph}
    for name, ups in graph.items():
        for up in ups:
            if up in users:
                users[up].add(name)
    lanes: list[str | None] = []
    """What each rail carries on."""
    freed: dict[int, int] = {}
    """Rail to the line at which it ended: nothing else begins right under it, or it would look joined."""
    lines: list[tuple[str, str, str]] = []
    for number, (name, ups) in enumerate(graph.items()):
        joined = [i for i, source in enumerate(lanes) if source is not None and source in ups]
        for source in {lanes[i] for i in joined}:
            users[str(source)].discard(name)
        ending = [i for i in joined if not users[str(lanes[i])]]
        own = ending[0] if ending else _free(lanes, freed, number)
        drawing = _line(lanes, own, joined, ending)
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
        lines.append((drawing, name, " ".join(" " if source is None else "│" for source in lanes).rstrip()))
    return lines


def draw(graph: Graph, notes: Mapping[str, str] | None = None, width: int = 0) -> list[str]:
    """Return the drawing with rails, line by line.

    Args:
        graph: the steps.
        notes: step to what stands behind its name.
        width: columns that there are; 0: as many as it takes.

    Returns:
        The lines; none when the rails are too wide.
    """
    lines = rails(graph)
    widest = max((len(drawing) for drawing, _, _ in lines), default=0)
    names = max((cell_width(name) for name in graph), default=0)
    if width and widest + names + 1 > width:
        return []
    drawn: list[str] = []
    for drawing, name, below in lines:
        shown = f"{drawing.ljust(widest)} {name}"
        note = notes.get(name, "") if notes else ""
        drawn.append(f"{shown}{' ' * (names - cell_width(name))}  {note}" if note else shown)
        if len(lines) <= SPACED:
            drawn.append(below)
    return drawn[:-1] if len(lines) <= SPACED else drawn


def mermaid(graph: Graph, statuses: Mapping[str, str] | None = None) -> str:
    """Return a flowchart for Mermaid."""
    ids = {name: f"s{number}" for number, name in enumerate(graph)}
    lines = ["flowchart TD"]
    lines += [f'    {ids[name]}["{"<br/>".join(map(_escaped, _words(name, statuses)))}"]' for name in graph]
    lines += [f"    {ids[up]} --> {ids[name]}" for name, ups in graph.items() for up in ups if up in ids]
    return "\n".join(lines)


def dot(graph: Graph, statuses: Mapping[str, str] | None = None) -> str:
    """Return a digraph for Graphviz."""
    lines = ["digraph run {", "    node [shape=box];"]
    labels = {name: "\\n".join(map(_escaped_in_dot, _words(name, statuses))) for name in graph}
    ids = {name: f'"{_escaped_in_dot(name)}"' for name in graph}
    lines += [f'    {ids[name]} [label="{labels[name]}"];' for name in graph]
    lines += [f"    {ids[up]} -> {ids[name]};" for name, ups in graph.items() for up in ups if up in ids]
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


def _escaped_in_dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _words(name: str, statuses: Mapping[str, str] | None) -> list[str]:
    return [name, *([statuses[name]] if statuses else [])]
