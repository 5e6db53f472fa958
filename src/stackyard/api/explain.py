"""Why the steps of a run were reused, or not: what changed, with before and after."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from stackyard.api.context import Context
from stackyard.api.runs import find_step, get_run
from stackyard.model.cache_key import OF_VALUE, CacheKeyParts, ChangedPart, changed_parts
from stackyard.model.explain_views import ChangeView, RunExplanation, StepExplanation
from stackyard.model.views import StepRunView
from stackyard.storage.catalog.explain_queries import KeyedStep
from stackyard.storage.catalog.reader import CatalogReader

_SHORT = len("sha256:") + 8
_CONTEXT_LINES = 3


def explain_run(ctx: Context, run: str, step: str | None = None) -> RunExplanation:
    """Return why the steps of a run were reused, or not.

    Args:
        ctx: where.
        run: name, id (prefix) or ``latest``.
        step: only this one.

    Raises:
        RunNotFoundError: there is no such run.
        StepRunNotFoundError: it has no such step.
    """
    view = get_run(ctx, run)
    steps = [find_step(view, step)] if step is not None else view.steps
    with ctx.catalog() as catalog:
        assert catalog is not None  # noqa: S101  # the run is in it
        keyed = catalog.keyed_steps(view.id)
        names = catalog.run_names({s.cache.source_run_id for s in steps if s.cache is not None})
        found = [_explained(catalog, each, *keyed[each.name], names) for each in steps if each.name in keyed]
    return RunExplanation(
        run_id=view.id, run=view.name, pipeline=view.pipeline, artifact_store=view.artifact_store, steps=found
    )


def changes_between(
    catalog: CatalogReader, before: KeyedStep, after: KeyedStep, texts: Mapping[str, str] | None = None
) -> list[ChangeView]:
    """Return everything in which two step runs differ, the strongest reason first.

    Args:
        catalog: has the code behind the digests.
        before: the earlier one.
        after: the later one.
        texts: digest to code that is not in the catalog yet.
    """
    if before.parts is None or after.parts is None:
        return []
    changed = changed_parts(before.parts, after.parts)
    shown = [c for c in changed if not _is_of_value(c)]
    if any(c.part == "code" for c in shown):  # then the values of names changed along
        changed = shown
    digests = {d for c in changed if c.part == "code" for p in (before, after) if (d := _code_of(p.parts, c.name))}
    known = {**catalog.code_texts(digests), **(texts or {})}
    return [_change(each, before, after, known) for each in changed]


def _is_of_value(change: ChangedPart) -> bool:
    return change.part == "code" and change.name.endswith(OF_VALUE)


def _explained(
    catalog: CatalogReader, step: StepRunView, own: KeyedStep, earlier: KeyedStep | None, names: Mapping[str, str]
) -> StepExplanation:
    cache = step.cache
    found = StepExplanation(step=step.name, status=step.status)
    if cache is not None and cache.hit:
        return found.model_copy(update={"reused": True, "from_run": names.get(cache.source_run_id, "")})
    if cache is not None:
        found.reason, found.detail = cache.reason, cache.detail
    if earlier is not None:
        found.compared_run = earlier.run
        found.changes = changes_between(catalog, earlier, own)
    return found


def _change(change: ChangedPart, before: KeyedStep, after: KeyedStep, texts: Mapping[str, str]) -> ChangeView:
    assert before.parts is not None and after.parts is not None  # noqa: PT018, S101  # they were compared
    view = ChangeView.model_validate({"part": change.part, "name": change.name, "reason": change.reason})
    if change.part == "parameters":
        view.before, view.after = before.parameters.get(change.name), after.parameters.get(change.name)
    elif change.part == "inputs":
        view.before, view.after = before.inputs.get(change.name), after.inputs.get(change.name)
        if view.before == view.after:  # one of them is not recorded yet
            view.before, view.after = _shown(before.parts, change), _shown(after.parts, change)
    elif change.part == "code":
        old, new = (_code_of(each.parts, change.name) for each in (before, after))
        view.before, view.after = _short(old), _short(new)
        if all(digest in texts for digest in (old, new) if digest):  # they are lost with a catalog
            view.diff = _diff(change.name, texts.get(old or "", ""), texts.get(new or "", ""))
    elif change.part in ("experiment_tracker", "python"):
        view.before, view.after = getattr(before.parts, change.part), getattr(after.parts, change.part)
    else:
        view.before, view.after = _shown(before.parts, change), _shown(after.parts, change)
    return view


def _shown(parts: CacheKeyParts, change: ChangedPart) -> str | None:
    """Return what stands for something of which only the digest is kept, or that is a text itself."""
    return _short(getattr(parts, change.part).get(change.name))


def _short(text: str | None) -> str | None:
    return text[:_SHORT] if text is not None and text.startswith("sha256:") else text


def _code_of(parts: CacheKeyParts | None, label: str) -> str | None:
    return parts.code.get(label) if parts is not None else None


def _diff(label: str, old: str, new: str) -> str:
    """Return a unified diff without its head; empty where a text is not known."""
    if not old and not new:
        return ""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), label, label, lineterm="", n=_CONTEXT_LINES)
    return "\n".join(list(lines)[2:])
