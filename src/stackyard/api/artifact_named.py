"""Artifact versions as users name them on one word: ``people``, ``people@3``, or the beginning of an id."""

from __future__ import annotations

import contextlib

from stackyard.api.artifacts import find_version
from stackyard.api.context import Context
from stackyard.model.errors import ArtifactNotFoundError, UsageError
from stackyard.model.views import ArtifactVersionView


def named_version(
    ctx: Context, text: str, version: int | None = None, *, all_projects: bool = False
) -> ArtifactVersionView:
    """Return the artifact version that a text means; without a number the newest.

    Args:
        ctx: where.
        text: ``name``, ``name@number``, or an id (prefix). An artifact may itself be called ``a@1``: it comes first.
        version: number, if it was given apart.
        all_projects: an artifact of another project, too, if this one has none of that name.

    Raises:
        ArtifactNotFoundError: there is none.
        UsageError: there are two numbers, or the prefix means several.
    """
    name, at, number = text.rpartition("@")
    if not at or not name:
        return find_version(ctx, text, version, all_projects=all_projects)
    with contextlib.suppress(ArtifactNotFoundError):
        return find_version(ctx, text, version, all_projects=all_projects)
    if not (number.isascii() and number.isdecimal()):
        raise UsageError(f"{number!r} in {text!r} is no version.", hint=f"Write a number: {name}@1")
    if version is not None and version != int(number):
        raise UsageError(f"{text!r} with --version {version}: which one?", hint="Leave one of them out.")
    return find_version(ctx, name, int(number), all_projects=all_projects)
