"""Stacks and components by name or by the beginning of an id, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentNotFoundError,
    InvalidNameError,
    NotFoundError,
    ProtectedError,
    StackNotFoundError,
    StackValidationError,
    UsageError,
)
from stackyard.model.names import check_name, did_you_mean
from stackyard.model.stack import (
    DEFAULT_IDS,
    Registry,
    Stack,
    StackComponent,
)
from stackyard.storage.host import user_name
from stackyard.storage.ids import new_id, now

MIN_PREFIX = 4

Thing = TypeVar("Thing", Stack, StackComponent)


def find_stack(registry: Registry, name_or_id: str) -> Stack:
    """Return a stack by name or id prefix.

    Raises:
        StackNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    return _find(registry.stacks, name_or_id, "stack", "stack", StackNotFoundError)


def find_component(registry: Registry, component_type: ComponentType, name_or_id: str) -> StackComponent:
    """Return a component by name or id prefix.

    Raises:
        ComponentNotFoundError: there is none.
        UsageError: the prefix means several.
    """
    found = registry.components_of(component_type)
    return _find(found, name_or_id, component_type.title, component_type.command, ComponentNotFoundError)


def find_component_type(text: str) -> ComponentType:
    """Return a component type by its word.

    Raises:
        StackValidationError: there is no such type; the nearest one is named.
    """
    try:
        return ComponentType(text)
    except ValueError as error:
        known = [t.value for t in ComponentType]
        raise StackValidationError(
            f"{text!r} is no component type.", hint=f"{did_you_mean(text, known)} Known: {', '.join(known)}.".strip()
        ) from error


def no_component_in(stack: Stack, component_type: ComponentType) -> ComponentNotFoundError:
    """Return the error for a stack without a component of a type."""
    option = f"--{component_type.command} NAME"
    hint = f"Give it one: stackyard stack update {shell_word(stack.name)} {option}"
    if is_default(stack):
        hint = f"Make a stack that has one: stackyard stack register my_stack -o default -a default {option}"
    return ComponentNotFoundError(f"The stack {stack.name!r} has no {component_type.title}.", hint=hint)


def check_new_name(name: str, others: Sequence[Stack] | Sequence[StackComponent], noun: str, command: str) -> None:
    """Refuse a name that can't be one or that another has.

    Args:
        name: what the user gave.
        others: the stacks, or the components of the type.
        noun: ``stack``, ``artifact store``.
        command: group on the command line that shows the other one.

    Raises:
        InvalidNameError: it can't be a name.
        AlreadyExistsError: it is taken.
    """
    check_name(name, noun)
    if any(other.name == name for other in others):
        raise AlreadyExistsError(
            f"{article(noun).capitalize()} {noun} named {name!r} exists already.",
            hint=f"Choose another name, or see it with: stackyard {command} describe {shell_word(name)}",
        )


def copy_of(source: Thing, name: str) -> Thing:
    """Return a copy that is somebody's own: a new id, nobody's file manages it, and it is not shared."""
    copy = source.model_copy(deep=True)
    copy.id, copy.name, copy.owner, copy.created_at = new_id(), name, user_name(), now()
    copy.shared, copy.managed_by = False, ""
    return copy


def check_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels if their keys can be written as ``key=value``.

    Raises:
        InvalidNameError: a key is empty, has blanks around it, or has ``=`` or control characters in it; or a text is
            no Unicode text, such as a word of the command line in another encoding.
    """
    for key, text in labels.items():
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidNameError(f"The text of the label {key[:60]!r} is not UTF-8.", hint="Write it as UTF-8.")
        if not key or key != key.strip() or "=" in key or not key.isprintable():
            raise InvalidNameError(
                f"{key[:60]!r} can't be the key of a label.",
                hint='Write labels as KEY=VALUE; a KEY has no "=", no control characters and no blanks around it.',
            )
    return dict(labels)


def is_default(thing: Stack | StackComponent) -> bool:
    """Tell whether a stack or component is one of those that are always there."""
    return thing.id in DEFAULT_IDS


def protect_default(thing: Stack | StackComponent, noun: str, command: str, verb: str) -> None:
    """Refuse to touch what is always there.

    Raises:
        ProtectedError: it is the default one; copying it is the way.
    """
    if not is_default(thing):
        return
    hint = f"Make your own: stackyard {command} copy {shell_word(thing.name)} my_{noun.replace(' ', '_')}"
    if verb == "deleted":
        hint = f"{article(noun).capitalize()} {noun} of your own is deleted with: stackyard {command} delete NAME"
    raise ProtectedError(f"The {noun} {thing.name!r} is always there and can't be {verb}.", hint=hint)


def words_of(component: StackComponent) -> str:
    """Return a component in words: ``artifact store 'mine'``; its type must be one that is known here."""
    return f"{ComponentType(component.component_type).title} {component.name!r}"


def command_of(component: StackComponent) -> str:
    """Return the command group of a component's type: ``artifact-store``."""
    return ComponentType(component.component_type).command


def article(noun: str) -> str:
    """Return ``a`` or ``an``."""
    return "an" if noun[:1] in "aeiou" else "a"


def shell_word(text: str) -> str:
    """Return a text as one word of a command that is shown."""
    import shlex  # noqa: PLC0415  # only on the way to an error message

    return shlex.quote(text)


def some_of(names: Sequence[str], limit: int = 3) -> str:
    """Return names for a message: ``'a', 'b', 'c' and 4 more``."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"


def _find(things: Sequence[Thing], name_or_id: str, noun: str, command: str, missing: type[NotFoundError]) -> Thing:
    # An id before a name: whoever holds an id must get that one, whatever others are called.
    exact = [thing for thing in things if thing.id == name_or_id] or [
        thing for thing in things if thing.name == name_or_id
    ]
    if exact:
        return exact[0]
    by_prefix = [thing for thing in things if len(name_or_id) >= MIN_PREFIX and thing.id.startswith(name_or_id)]
    if len(by_prefix) == 1:
        return by_prefix[0]
    if by_prefix:
        raise UsageError(
            f"{name_or_id!r} is the beginning of {len(by_prefix)} {noun} ids.",
            hint=f"Write more of it, or a name: {some_of([thing.name for thing in by_prefix])}.",
        )
    listing = f"List them with: stackyard {command} list"
    if not things:
        listing = f"None is registered yet. See: stackyard {command} register --help"
    raise missing(
        f"There is no {noun} {name_or_id!r}.",
        hint=f"{did_you_mean(name_or_id, [thing.name for thing in things])} {listing}".strip(),
    )
