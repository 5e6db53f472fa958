"""``stackyard tag``: words on runs, artifacts and models, and everything that has them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import click

from stackyard.api import artifacts, models, runs, tags
from stackyard.api.context import Context, open_context
from stackyard.cli.completion import model_names, run_names, tag_names
from stackyard.cli.confirm import confirm
from stackyard.cli.lazy import LazyGroup
from stackyard.cli.listing import NAME_HELP, Column, Filter, Listing, Request, list_options
from stackyard.cli.model import ALL_PROJECTS
from stackyard.cli.output import json_option, print_done
from stackyard.model.errors import UsageError
from stackyard.model.model_views import TagView


def _count(kind: str) -> Column:
    return Column(f"{kind}s", lambda v: v.things.get(kind), yields=1)


TAGS = Listing[TagView](
    "tag",
    columns=[
        Column("name", lambda v: v.name),
        *(_count(kind) for kind in ("run", "artifact", "artifact_version", "model", "model_version")),
        Column("step_runs", lambda v: v.things.get("step_run"), usual=False),
    ],
    filters=[Filter("name", lambda v: [v.name], NAME_HELP)],
)

tag_argument = click.argument("tag", shell_complete=tag_names)


def _things(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name things; the command gets ``things``."""

    def collect(**words: tuple[str, ...]) -> list[tuple[str, str]]:
        ctx = open_context()
        found: list[tuple[str, str]] = []
        for kind, find in _FINDERS.items():
            found += [(kind, find(ctx, name)) for name in words[kind]]
        if not found:
            raise UsageError(
                "Nothing is named.", hint="Name a thing: --run, --artifact, --artifact-version, --model ..."
            )
        return found

    @functools.wraps(command)
    def wrapped(**given: object) -> None:
        words = {kind: given.pop(kind) for kind in _FINDERS}
        command(things=collect(**words), **given)  # type: ignore[arg-type]  # click gives tuples of texts

    options = (
        ("run", "A run, by name or the beginning of its id.", run_names),
        ("artifact", "An artifact, by name.", None),
        ("artifact_version", "An artifact version: NAME, NAME:NUMBER or its id.", None),
        ("model", "A model, by name.", model_names),
        ("model_version", "A model version: MODEL, MODEL:VERSION or its id.", None),
    )
    made: Callable[..., None] = wrapped
    for kind, sentence, names in reversed(options):
        made = click.option(
            f"--{kind.replace('_', '-')}", kind, multiple=True, metavar="NAME", help=sentence, shell_complete=names
        )(made)
    return made


@click.group(cls=LazyGroup, epilog="Example: stackyard tag add nightly --run training-3 --model churn")
def tag() -> None:
    """Words on runs, artifacts and models, to find them again: stackyard run list --tag nightly."""


@tag.command("list", epilog="Example: stackyard tag list --sort desc:runs")
@ALL_PROJECTS
@list_options(TAGS)
def list_(request: Request[TagView], all_projects: bool) -> None:
    """List tags by name, with how many things have them."""
    found = tags.list_tags(open_context(), all_projects=all_projects)
    none = "" if found else "No tags yet. Put one on a run with: stackyard tag add TAG --run NAME"
    request.show(request.apply(found), none=none)


@tag.command(epilog="Example: stackyard tag add nightly --run training-3 --artifact-version model:4")
@tag_argument
@_things
@json_option
def add(tag: str, things: Sequence[tuple[str, str]], as_json: bool) -> None:
    """Put TAG on things."""
    ctx = open_context()
    tags.check_tags([tag])
    for kind, thing_id in things:
        tags.add_tags(ctx, kind, thing_id, [tag])
    print_done(tags.get_tag(ctx, tag), f"{_counted(len(things))} now {_have(len(things))} the tag {tag!r}.", as_json)


@tag.command(epilog="Example: stackyard tag remove nightly --run training-3")
@tag_argument
@_things
@json_option
def remove(tag: str, things: Sequence[tuple[str, str]], as_json: bool) -> None:
    """Take TAG from things."""
    ctx = open_context()
    view = tags.get_tag(ctx, tag)
    had = sum(tags.remove_tags(ctx, kind, thing_id, [tag]) for kind, thing_id in things)
    print_done(view, f"{_counted(had)} had the tag {tag!r} and {_have(had)} it no more.", as_json)


@tag.command(epilog="Example: stackyard tag rename nightly weekly")
@tag_argument
@click.argument("new_tag")
@json_option
def rename(tag: str, new_tag: str, as_json: bool) -> None:
    """Call TAG otherwise, wherever it is."""
    view = tags.rename_tag(open_context(), tag, new_tag)
    print_done(view, f"The tag {tag!r} is now {view.name!r}.", as_json)


@tag.command(epilog="Example: stackyard tag delete nightly --yes")
@tag_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(tag: str, yes: bool, as_json: bool) -> None:
    """Take TAG from everything that has it."""
    ctx = open_context()
    view = tags.get_tag(ctx, tag)
    confirm(f"Take the tag {tag!r} from {_counted(view.n_things)}?", yes=yes)
    tags.delete_tag(ctx, tag)
    print_done(view, f"The tag {tag!r} was taken from {_counted(view.n_things)}.", as_json)


def _artifact_version(ctx: Context, name: str) -> str:
    base, colon, number = name.rpartition(":")
    if colon and number.isdecimal():
        return artifacts.find_version(ctx, base, int(number)).id
    return artifacts.find_version(ctx, name).id


def _model_version(ctx: Context, name: str) -> str:
    base, colon, wanted = name.rpartition(":")
    return models.get_version(ctx, base, wanted).id if colon else models.get_version(ctx, name).id


_FINDERS: dict[str, Callable[[Context, str], str]] = {
    "run": lambda ctx, name: runs.get_run(ctx, name).id,
    "artifact": artifacts.artifact_id,
    "artifact_version": _artifact_version,
    "model": lambda ctx, name: models.get_model(ctx, name).id,
    "model_version": _model_version,
}
"""Kind of thing to what finds its id."""


def _counted(count: int) -> str:
    return "1 thing" if count == 1 else f"{count} things"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
