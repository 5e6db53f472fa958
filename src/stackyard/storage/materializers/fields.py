"""What the values of users' data classes hold, and making such a value again without calling its class."""

from __future__ import annotations

import dataclasses
from typing import Any
from weakref import WeakKeyDictionary

from stackyard.model.errors import MaterializationError
from stackyard.storage.materializers.classes import Kind, kind_of

PydanticState = tuple[dict[str, Any], dict[str, Any] | None, set[str], dict[str, Any] | None]
"""Fields, extra fields, names of the fields that were given, private attributes."""
_PYDANTIC = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")

_known_slots: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()


def declared(cls: Any, kind: Kind) -> list[str]:
    """Return the names of a class's fields, in order."""
    if kind == "namedtuple":
        return [*cls._fields]
    return [*cls.model_fields] if kind == "pydantic" else [field.name for field in dataclasses.fields(cls)]


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return what a dataclass, pydantic model or named tuple holds; None: it is none of these. It is not to be changed.

    Fields without a value are left out.
    """
    kind = kind_of(type(value))
    if kind == "namedtuple":
        return dict(zip(value._fields, value, strict=True)) if len(value._fields) == len(value) else None
    if kind == "pydantic":
        held, extra, _, _ = pydantic_state(value)
        return {**held, **(extra or {})}
    if kind != "dataclass":
        return None
    held = getattr(value, "__dict__", {})
    for name, slot in _slots(type(value)).items():
        try:
            held = {**held, name: slot.__get__(value)}
        except AttributeError:  # it was never set
            continue
    return held


def default_of(cls: Any, name: str) -> Any:
    """Return what a field of a dataclass shows while it has no value; None: nothing."""
    default = cls.__dataclass_fields__[name].default
    return None if default is dataclasses.MISSING else default


def pydantic_state(value: Any) -> PydanticState:
    """Return all that a pydantic model holds."""
    state = value.__getstate__()
    held, extra, given, private = (state.get(name) for name in _PYDANTIC)
    return held or {}, extra, given or set(), private


def made_of(cls: Any, kind: Kind, names: frozenset[str], held: dict[str, Any], unset: list[str]) -> Any:
    """Return a dataclass or named tuple that has these fields; those that the class got since have their defaults.

    Args:
        cls: the class.
        kind: of the class.
        names: of its fields.
        held: fields and their values.
        unset: fields that had no value.

    Raises:
        MaterializationError: the class has changed.
    """
    if kind == "namedtuple":
        if [*held] != [*cls._fields]:
            raise changed(cls, sorted({*held} ^ {*cls._fields}))
        return tuple.__new__(cls, held.values())
    made = object.__new__(cls)
    slots = _slots(cls)
    for field in dataclasses.fields(cls) if not names <= held.keys() else ():
        if field.name in held or field.name in unset:
            continue
        if field.default is not dataclasses.MISSING:
            held = {**held, field.name: field.default}
        elif field.default_factory is not dataclasses.MISSING:
            held = {**held, field.name: field.default_factory()}
        else:
            raise changed(cls, [field.name])
    for name, value in held.items():
        if name in slots:
            slots[name].__set__(made, value)
        elif hasattr(made, "__dict__"):
            vars(made)[name] = value
        else:
            raise changed(cls, [name])
    return made


def model_of(cls: Any, state: PydanticState) -> Any:
    """Return a pydantic model in this state; fields that the class got since have their defaults.

    Raises:
        MaterializationError: the class has changed.
    """
    held = state[0]
    for name, field in cls.model_fields.items():
        if name not in held:
            if field.is_required():
                raise changed(cls, [name])
            held = {**held, name: field.get_default(call_default_factory=True)}
    made = cls.__new__(cls)
    made.__setstate__(dict(zip(_PYDANTIC, (held, *state[1:]), strict=True)))
    return made


def changed(cls: type, names: list[str]) -> MaterializationError:
    """Return the error for a value of a class that has other fields or members now."""
    what = ", ".join(names) or "the order of its fields"
    return MaterializationError(
        f"The class {cls.__module__}:{cls.__qualname__} has changed since a value of it was stored: {what}.",
        hint="Run the step again, or undo the change of the class.",
    )


def _slots(cls: type) -> dict[str, Any]:
    """Return the slots of a class and its bases by their names."""
    if cls not in _known_slots:
        _known_slots[cls] = {
            name: found
            for base in reversed(cls.__mro__)
            for name, found in vars(base).items()
            if type(found).__name__ == "member_descriptor"
        }
    return _known_slots[cls]
