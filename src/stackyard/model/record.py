"""Records: what dataclasses are used for elsewhere, at a hundredth of what each class costs when it is imported.

``dataclasses.dataclass`` writes and compiles the source of up to seven methods for every class, 0.3 to 1 ms each; a
run's driver has about a hundred such classes, and a trivial step half a second. Here the methods are written once and
look at the class's fields. Type checkers see the same as for a dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, field
from typing import Any, ClassVar

from typing_extensions import Self, dataclass_transform


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record:
    """Base of classes that hold fields, each an annotation with or without a default.

    Fields come in the order of their declaration, those of base classes first; ``field(default_factory=...)`` makes a
    default for each object, ``field(repr=False)`` hides what it holds. Records are equal when they are of one class
    and all fields are. They are immutable and hashable unless the class says ``frozen=False``.
    """

    field_names: ClassVar[tuple[str, ...]] = ()
    """The fields, in order."""
    _known: ClassVar[frozenset[str]] = frozenset()
    """The same, to compare with."""
    _defaults: ClassVar[dict[str, Any]] = {}
    """Field to its default."""
    _factories: ClassVar[dict[str, Callable[[], Any]]] = {}
    """Field to what makes its default."""
    _hidden: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not shown."""

    def __init_subclass__(cls, *, frozen: bool = True) -> None:
        """Collect the fields."""
        super().__init_subclass__()
        own = [name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar")]
        cls.field_names = tuple(dict.fromkeys([*cls.field_names, *own]))
        cls._known = frozenset(cls.field_names)
        defaults, factories = dict(cls._defaults), dict(cls._factories)
        for name in own:
            default = cls.__dict__.get(name, MISSING)
            if isinstance(default, Field):
                delattr(cls, name)
                cls._hidden |= set() if default.repr else {name}
                if default.default_factory is not MISSING:
                    factories[name] = default.default_factory
                default = default.default
            if default is not MISSING:
                defaults[name] = default
                factories.pop(name, None)
        cls._defaults, cls._factories = defaults, factories
        if not frozen:
            cls.__setattr__ = object.__setattr__  # type: ignore[method-assign,assignment]
            cls.__delattr__ = object.__delattr__  # type: ignore[method-assign]
            cls.__hash__ = None  # type: ignore[assignment]

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take the fields, by position or by name.

        Raises:
            TypeError: a field is missing, unknown, or given twice.
        """
        fields = self.__dict__
        if self._defaults:
            fields.update(self._defaults)
        if values:
            if len(values) > len(self.field_names) or not named.keys().isdisjoint(self.field_names[: len(values)]):
                self._refuse(values, named)
            fields.update(zip(self.field_names, values, strict=False))
        fields.update(named)
        for name, make in self._factories.items():
            if name not in fields:
                fields[name] = make()
        if fields.keys() != self._known:
            self._refuse(values, named)

    def _refuse(self, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        names = self.field_names
        there = {*names[: len(values)], *named, *self._defaults, *self._factories}
        missing = [name for name in names if name not in there]
        wrong = [name for name in named if name not in names or name in names[: len(values)]]
        said = [f"without {', '.join(missing)}"] * bool(missing) + [f"with {', '.join(wrong)}"] * bool(wrong)
        raise TypeError(f"{type(self).__name__}() was called {' and '.join(said) or f'with {len(values)} values'}")

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"{type(self).__name__}.{name} can't be changed: make another one with replace()")

    def __delattr__(self, name: str) -> None:
        """Refuse.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"{type(self).__name__}.{name} can't be removed")

    def __eq__(self, other: object) -> bool:
        """Compare all fields with those of an object of the same class."""
        if type(other) is not type(self):
            return NotImplemented
        return self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        """Hash all fields."""
        return hash(tuple(self.as_dict().values()))

    def __repr__(self) -> str:
        """Show the fields that may be shown."""
        shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in self.field_names if name not in self._hidden)
        return f"{type(self).__qualname__}({shown})"

    def as_dict(self) -> dict[str, Any]:
        """Return field to value; what cached properties left beside them is no field."""
        return {name: self.__dict__[name] for name in self.field_names}

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed.

        Raises:
            TypeError: there is no such field.
        """
        return type(self)(**{**self.as_dict(), **changes})
