"""Functions and classes of user code by name, as hooks, materializers and cache policies name them."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from pydantic import PrivateAttr

from stackyard.authoring.frames import location_of
from stackyard.model.errors import Location, OptionError
from stackyard.model.names import with_article
from stackyard.model.options import HookSpec


class FunctionHook(HookSpec):
    """A hook whose function is at hand in this process: if it can't be imported by name, it is sent along."""

    _function: Callable[..., Any] | None = PrivateAttr(default=None)

    @property
    def function(self) -> Callable[..., Any] | None:
        """Return the function."""
        return self._function


def read_hook(
    hook: object, keyword: str, owner: str, location: Location | None, arguments: dict[str, Any] | None = None
) -> HookSpec:
    """Return a hook as it is recorded.

    Args:
        hook: a function, ``module.name``, or a hook that was read before.
        keyword: what it was given as, for messages.
        owner: "step 'x'" or "pipeline 'x'", for messages.
        location: where.
        arguments: name to JSON value; what it is called with.

    Raises:
        OptionError: it is nothing that can be called.
    """
    given = arguments or {}
    function = getattr(hook, "function", None) if hasattr(hook, "__stackyard_step__") else hook
    if isinstance(function, HookSpec):
        return function.model_copy(update={"arguments": given}) if given else function
    if isinstance(function, str):
        module, name = split_source(function, keyword, owner, location)
        return HookSpec(module=module, qualname=name, arguments=given)
    if not callable(function) or isinstance(function, type):
        raise OptionError(
            f"{keyword}= of {owner} is {with_article(type(function).__name__)}, which can't be called.",
            hint=f'Write: {keyword}=my_function, or its name as a text: {keyword}="module.my_function"',
            location=location,
        )
    place = location_of(function) if hasattr(function, "__code__") else location
    found = FunctionHook(
        module=str(getattr(function, "__module__", None) or "__main__"),
        qualname=str(getattr(function, "__qualname__", None) or type(function).__qualname__),
        file=place.file if place else "",
        line=place.line if place else 0,
        arguments=given,
    )
    found._function = function  # noqa: SLF001  # private so that it is never written
    return found


def split_source(text: str, keyword: str, owner: str, location: Location | None) -> tuple[str, str]:
    """Return module and name of ``module.name`` or ``module:name``.

    Raises:
        OptionError: the text is neither.
    """
    module, _, name = text.partition(":") if ":" in text else text.rpartition(".")
    if all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
        return module, name
    raise OptionError(
        f"{keyword}= of {owner} is {text!r}, which names nothing that can be imported.",
        hint=f'Write module and name: {keyword}="package.module.name"',
        location=location,
    )


def class_source(value: object, keyword: str, owner: str, location: Location | None) -> str:
    """Return ``module:Class`` of a class, or of its name.

    Raises:
        OptionError: it is no class, or can't be imported elsewhere.
    """
    if isinstance(value, str):
        return ":".join(split_source(value, keyword, owner, location))
    if not isinstance(value, type):
        raise OptionError(
            f"{keyword}= of {owner} has {with_article(type(value).__name__)} where a class is needed.",
            hint=f'Pass the class itself ({keyword}=MyClass), or its name as a text: "module.MyClass".',
            location=location,
        )
    if "<locals>" in value.__qualname__:
        raise OptionError(
            f"{keyword}= of {owner} names the class {value.__qualname__}, which no other process can import.",
            hint="Define it at the top level of the script, or of a module beside it.",
            location=location,
        )
    return f"{value.__module__}:{value.__qualname__}"


def dotted_name(value: object) -> str:
    """Return ``module.name`` of a function or class, or the name of a module; a text stays as it is.

    Raises:
        ValueError: it has no name that leads back to it.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, ModuleType):
        return value.__name__
    target = getattr(value, "function", value) if hasattr(value, "__stackyard_step__") else value
    module, name = getattr(target, "__module__", None), getattr(target, "__qualname__", None)
    if not module or not name or "<" in name:
        raise ValueError(f"{value!r} has no name that leads back to it: define it at the top level of a module")
    return f"{module}.{name}"
