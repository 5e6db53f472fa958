"""Which stack is the active one, and who chose it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from stackyard.api.context import Context
from stackyard.api.lookup import find_stack
from stackyard.model.enums import ActiveStackOrigin
from stackyard.model.errors import ActiveStackGoneError, ProjectFileError, StackNotFoundError, StackyardError
from stackyard.model.record import Record
from stackyard.model.stack import DEFAULT_STACK_ID, Registry, Stack
from stackyard.storage.projects import StackChoice, choice_file, read_choice

STACK_VARIABLE = "STACKYARD_ACTIVE_STACK"


class Choice(Record):
    """The stack that is chosen; ``stack`` is None when it does not exist any more."""

    name: str
    id: str
    origin: ActiveStackOrigin
    origin_text: str
    stack: Stack | None
    remedy: str = ""
    """How to get the stack that does not exist, where that is known."""
    problem: StackyardError | None = None
    """Why the choice itself can't be read."""


class Wish(Record):
    """A stack asked for by name: stronger than any stored choice."""

    name: str
    origin: ActiveStackOrigin
    origin_text: str


def find_stack_here(ctx: Context, registry: Registry, name_or_id: str) -> Stack:
    """Return a stack by name or id prefix, as :func:`~stackyard.api.lookup.find_stack`.

    Raises:
        StackNotFoundError: there is none; says so when the project's ``stackyard.yaml`` declares it.
        UsageError: the prefix means several.
    """
    try:
        return find_stack(registry, name_or_id)
    except StackNotFoundError as error:
        error.hint = _how_to_create(ctx, name_or_id) or error.hint
        raise


def choices(ctx: Context, registry: Registry) -> Iterator[Choice]:
    """Yield what chooses a stack here, strongest first: the environment, the project, home; nothing when none does."""
    variable = os.environ.get(STACK_VARIABLE, "").strip()
    if variable:
        text = f"set by the environment variable {STACK_VARIABLE}"
        try:
            stack = find_stack(registry, variable)
            yield Choice(stack.name, stack.id, ActiveStackOrigin.ENVIRONMENT, text, stack)
        except StackNotFoundError:
            yield Choice(variable, "", ActiveStackOrigin.ENVIRONMENT, text, None, _how_to_create(ctx, variable))
    if ctx.scope.root is not None:
        stored = read_choice(choice_file(ctx.scope, ctx.home_folder))
        if stored:
            yield _stored(registry, stored, ActiveStackOrigin.PROJECT, f"set for the project {ctx.scope.name}")
    stored = read_choice(ctx.home_folder.active_stack_file)
    if stored:
        yield _stored(registry, stored, ActiveStackOrigin.HOME, "set for this user")


def resolve_active(ctx: Context, registry: Registry, wish: Wish | None = None) -> Choice:
    """Return the active stack: a wish, else the strongest choice, else ``default``.

    Raises:
        StackNotFoundError: the wish names a stack that does not exist.
        UsageError: the wish or the environment names the beginning of several ids.
    """
    if wish is not None:
        stack = find_stack_here(ctx, registry, wish.name)
        return Choice(stack.name, stack.id, wish.origin, wish.origin_text, stack)
    chosen = next(choices(ctx, registry), None)
    if chosen is not None:
        return chosen
    stack = find_stack(registry, DEFAULT_STACK_ID)
    return Choice(stack.name, stack.id, ActiveStackOrigin.DEFAULT, "the default, since no other was set", stack)


def require_active(choice: Choice) -> Stack:
    """Return the chosen stack.

    Raises:
        ActiveStackGoneError: it does not exist any more; the hint has the fixing command.
    """
    if choice.stack is not None:
        return choice.stack
    if choice.problem is not None:
        damaged = isinstance(choice.problem, ProjectFileError)
        raise ActiveStackGoneError(
            f"The active stack ({choice.origin_text}) is not known: {choice.problem.message}",
            hint=f"Choose one: {command_to_leave(choice)}" if damaged else choice.problem.hint,
        ) from choice.problem
    raise ActiveStackGoneError(
        f"The active stack {choice.name!r} ({choice.origin_text}) does not exist.",
        hint=choice.remedy or f"Choose another one: {command_to_leave(choice)}",
    )


def command_to_leave(choice: Choice) -> str:
    """Return the command after which a choice no longer names its stack."""
    if choice.origin is ActiveStackOrigin.ENVIRONMENT:
        return f"unset {STACK_VARIABLE}"
    if choice.origin is ActiveStackOrigin.HOME:
        return "stackyard stack set default --global"
    return "stackyard stack set default"


def _how_to_create(ctx: Context, name: str) -> str:
    from stackyard.api.stack_file import declared_stacks  # noqa: PLC0415  # only on the way to an error message

    declared = name in declared_stacks(ctx)
    return "The project's stackyard.yaml declares it. Create it with: stackyard stack apply" if declared else ""


def _stored(registry: Registry, stored: StackChoice, origin: ActiveStackOrigin, text: str) -> Choice:
    """Follow a stored choice: by id, which survives a rename, else by name, which survives a new registration."""
    stack = next((s for s in registry.stacks if s.id == stored.id), None)
    if stack is None:
        stack = next((s for s in registry.stacks if s.name == stored.name), None)
    if stack is None:
        return Choice(stored.name, stored.id, origin, text, None, problem=stored.problem)
    return Choice(stack.name, stack.id, origin, text, stack)
