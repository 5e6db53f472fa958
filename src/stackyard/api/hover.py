"""The text that every hover shows: the same facts in the tree, in Python and in YAML."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stackyard.model.stack_views import FindingView
from stackyard.model.views import ArtifactVersionView, ComponentView, StackView

#: A table is as wide as its longest word, and a hover is not: with a longer one the facts are a list, which breaks it.
_WIDEST = 60

_ESCAPED = str.maketrans({c: "\\" + c for c in "\\`*_{}[]<>()#+!|~&"})


def component_markdown(view: ComponentView, findings: Iterable[FindingView] = ()) -> str:
    """Return the facts of a component as Markdown, and what a check has against it."""
    rows = [("Flavor", f"{view.flavor}" + (f": {view.flavor_doc}" if view.flavor_doc else ""))]
    rows.extend((f"`{key}`", show_value(value)) for key, value in view.configuration.items())
    rows.append(("Used by", ", ".join(view.stacks) or "no stack"))
    if view.active:
        rows.append(("Active", "part of the active stack"))
    rows.extend((f"Label {_text(key)}", value) for key, value in sorted(view.labels.items()))
    rows.append(("Owner", view.owner or "built in"))
    rows.append(("Id", view.id))
    return f"**{_text(view.name)}** ({view.component_type.title}){_problems(findings)}\n\n{_table(rows)}"


def stack_markdown(view: StackView, findings: Iterable[FindingView] = ()) -> str:
    """Return the facts of a stack as Markdown, and what a check has against it."""
    rows = [(c.component_type.title.capitalize(), f"{c.name} ({c.flavor})" + _place_of(c)) for c in view.components]
    rows.append(("Active", view.origin_text if view.active else "no"))
    rows.extend((f"Label {_text(key)}", value) for key, value in sorted(view.labels.items()))
    rows.append(("Owner", view.owner or "built in"))
    rows.append(("Id", view.id))
    return f"**{_text(view.name)}** (stack){_problems(findings)}\n\n{_table(rows)}"


def artifact_version_markdown(view: ArtifactVersionView) -> str:
    """Return the facts of an artifact version as Markdown."""
    rows = [("Type", view.type)]
    if view.shape:
        rows.append(("Shape", " x ".join(str(n) for n in view.shape)))
    rows.append(("Size", show_size(view.size_bytes)))
    rows.append(("Format", view.data_format + (" (unsafe: loading it runs code)" if view.unsafe else "")))
    if view.step:
        rows.append(("Made by", f"step {view.step} of {view.run_name}"))
    rows.append(("Artifact store", view.artifact_store))
    rows.append(("Created", view.created_at))
    if view.status != "available":
        rows.append(("Status", view.status))
    return f"**{_text(view.name)}** version {view.version} (artifact)\n\n{_table(rows)}"


def show_value(value: Any) -> str:
    """Return a configuration value as people read it."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def show_size(size_bytes: int) -> str:
    """Return a size with a unit: ``1.4 MB``."""
    size = float(size_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            whole = "1 byte" if size_bytes == 1 else f"{size_bytes} bytes"
            return whole if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError(unit)


def _problems(findings: Iterable[FindingView]) -> str:
    """Return paragraphs, each with an empty line before it."""
    found = [finding for finding in findings if finding.severity != "ok"]
    texts = [f"**{f.severity.capitalize()}**: {_text(f'{f.subject}: {f.message}')}" for f in found]
    fixes = [f"  \nFix: `{f.fix}`" if f.fix else "" for f in found]
    return "".join(f"\n\n{text}{fix}" for text, fix in zip(texts, fixes, strict=True))


def _place_of(component: ComponentView) -> str:
    path = component.configuration.get("path")
    return f", {path}" if path else ""


def _table(rows: list[tuple[str, str]]) -> str:
    if any(len(word) > _WIDEST for _, value in rows for word in value.split()):
        return "\n".join(f"- {key}: {_text(value)}" for key, value in rows)
    lines = [f"| {key.replace(' ', '&nbsp;')} | {_text(value)} |" for key, value in rows]
    return "\n".join(["| | |", "|:--|:--|", *lines])


def _text(text: str) -> str:
    return " ".join(text.translate(_ESCAPED).split())
