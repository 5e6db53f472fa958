"""Which stack is the active one, and who chose it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from stackyard.api.context import Context
from stackyard.model.enums import ActiveStackOrigin
from stackyard.model.errors import ActiveStackGoneError, StackNotFoundError, UsageError
from stackyard.model.names import did_you_mean
from stackyard.model.stack import DEFAULT_STACK_ID, Registry, Stack
from stackyard.storage.projects import StackChoice, choice_file, read_choice

STACK_VARIABLE = "STACKYARD_ACTIVE_STACK"
MIN_PREFIX = 4


@dataclass(frozen=True)
class Choice:
    """The stack that is chosen; ``stack`` is None when it does not exist any more."""

    name: str
    id: str
    origin: ActiveStackOrigin
    origin_text: str
    stack: Stack | None


@dataclass(frozen=True)
class Wish:
    """A stack asked for by name: stronger than any stored choice."""

    name: str
    origin: ActiveStackOrigin
    origin_text: str


def find_stack(registry: Registry, name_or_id: str) -> Stack:
    """Return a stack by name or id prefix.

    Raises:
        StackNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    exact = [s for s in registry.stacks if name_or_id in (s.name, s.id)]
    if exact:
        return exact[0]
    by_prefix = [s for s in registry.stacks if len(name_or_id) >= MIN_PREFIX and s.id.startswith(name_or_id)]
    if len(by_prefix) == 1:
        return by_prefix[0]
    names = [s.name for s in by_prefix or registry.stacks]
    if by_prefix:
        raise UsageError(
            f"{name_or_id!r} is the beginning of {len(by_prefix)} stack ids.",
            hint=f"Write more of it, or a name: {', '.join(names)}.",
        )
    raise StackNotFoundError(
        f"There is no stack {name_or_id!r}.",
        hint=f"{did_you_mean(name_or_id, names)} List them with: stackyard stack list".strip(),
    )


def resolve_active(ctx: Context, registry: Registry, wish: Wish | None = None) -> Choice:
    """Return the active stack: a wish, the environment, the project, home, ``default``.

    Raises:
        StackNotFoundError: the wish or the environment names a stack that does not exist.
    """
    if wish is not None:
        stack = find_stack(registry, wish.name)
        return Choice(stack.name, stack.id, wish.origin, wish.origin_text, stack)
    variable = os.environ.get(STACK_VARIABLE, "").strip()
    if variable:
        text = f"set by the environment variable {STACK_VARIABLE}"
        try:
            stack = find_stack(registry, variable)
        except StackNotFoundError:
            return Choice(variable, "", ActiveStackOrigin.ENVIRONMENT, text, None)
        return Choice(stack.name, stack.id, ActiveStackOrigin.ENVIRONMENT, text, stack)
    if ctx.scope.root is not None:
        stored = read_choice(choice_file(ctx.scope, ctx.home_folder))
        if stored:
            text = f"set for the project {ctx.scope.name}"
            return _stored(registry, stored, ActiveStackOrigin.PROJECT, text)
    stored = read_choice(ctx.home_folder.active_stack_file)
    if stored:
        return _stored(registry, stored, ActiveStackOrigin.HOME, "set for this user")
    stack = find_stack(registry, DEFAULT_STACK_ID)
    return Choice(stack.name, stack.id, ActiveStackOrigin.DEFAULT, "the default, since no other was set", stack)


def require_active(choice: Choice) -> Stack:
    """Return the chosen stack.

    Raises:
        ActiveStackGoneError: it does not exist any more; the hint has the fixing command.
    """
    if choice.stack is not None:
        return choice.stack
    fix = "stackyard stack set default"
    if choice.origin is ActiveStackOrigin.ENVIRONMENT:
        fix = f"unset {STACK_VARIABLE}"
    elif choice.origin is ActiveStackOrigin.HOME:
        fix = "stackyard stack set default --global"
    raise ActiveStackGoneError(
        f"The active stack {choice.name!r} ({choice.origin_text}) does not exist.",
        hint=f"Choose another one: {fix}",
    )


def _stored(registry: Registry, stored: StackChoice, origin: ActiveStackOrigin, text: str) -> Choice:
    """Follow a stored choice: by id, which survives a rename, else by name, which survives a new registration."""
    stack = next((s for s in registry.stacks if s.id == stored.id), None)
    if stack is None:
        stack = next((s for s in registry.stacks if s.name == stored.name), None)
    if stack is None:
        return Choice(stored.name, stored.id, origin, text, None)
    return Choice(stack.name, stack.id, origin, text, stack)
