"""Methods of ``Client`` that work inside steps, too: there the driver is asked, for a step opens no catalog.

Arguments travel as JSON values and come out by their annotations, and so does what is returned.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_type_hints

from stackyard.authoring.context import current
from stackyard.model.errors import UsageError

if TYPE_CHECKING:
    from stackyard.api.context import Context

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)
_OWN = ("get_secret",)
"""What a step answers itself: the secrets that it declares travel with it."""


def asks(method: F) -> F:
    """Let a method of ``Client`` be answered by the driver when a step calls it.

    The method's ``__wrapped__`` is what the driver calls: a step in the driver's own process would ask itself.
    """

    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **keywords: Any) -> Any:
        context = current()
        if context is None:
            return method(self, *args, **keywords)
        from pydantic_core import to_jsonable_python  # noqa: PLC0415  # only steps need it

        given = dict(inspect.signature(method).bind(self, *args, **keywords).arguments)
        given.pop("self")
        return _checked(method, "return", context.ask(method.__name__, to_jsonable_python(given)))

    wrapped.asks = True  # type: ignore[attr-defined]  # what marks it
    return cast(F, wrapped)


def refuses_steps(cls: C) -> C:
    """Let the public methods of a class that are not asked for be refused inside steps, but what a step has itself."""
    for name in dir(cls):
        method = getattr(cls, name)
        if not name.startswith("_") and inspect.isfunction(method) and not hasattr(method, "asks") and name not in _OWN:
            setattr(cls, name, _outside(method))
    return cls


def answer_client(ctx: Context, method: str, arguments: Mapping[str, Any]) -> Any:
    """Call a method of ``Client`` for a step; return what it gives as a JSON value.

    Args:
        ctx: home and project of the run.
        method: its name.
        arguments: JSON values by name.

    Raises:
        UsageError: no such method, or none that steps can call; or arguments that are not its.
        StackyardError: what the method says is wrong.
    """
    from pydantic import ValidationError  # noqa: PLC0415  # only drivers need it
    from pydantic_core import to_jsonable_python  # noqa: PLC0415

    from stackyard.api.client import Client  # noqa: PLC0415

    found = getattr(Client, method, None)
    found = found.fget if isinstance(found, property) else found
    if not getattr(found, "asks", False):
        raise UsageError(f"A step can't ask for Client().{method}.", hint="Call it outside of steps.")
    function = found.__wrapped__  # type: ignore[union-attr]  # `asks` made it
    try:
        given = {name: _checked(function, name, value) for name, value in arguments.items()}
    except (ValidationError, KeyError) as error:
        raise UsageError(f"Client().{method} does not take these arguments: {error}.") from error
    return to_jsonable_python(function(Client.at(ctx), **given))


def _outside(method: F) -> F:
    @functools.wraps(method)
    def wrapped(*args: Any, **keywords: Any) -> Any:
        context = current()
        if context is not None:
            raise UsageError(
                f"The step {context.step_name!r} can't call Client().{method.__name__}.",
                hint="Call it in the pipeline function, or in a script.",
            )
        return method(*args, **keywords)

    return cast(F, wrapped)


@functools.cache
def _adapters(method: Callable[..., Any]) -> dict[str, Any]:
    from pydantic import TypeAdapter  # noqa: PLC0415  # slow to import

    return {name: TypeAdapter(hint) for name, hint in get_type_hints(method).items()}


def _checked(method: Callable[..., Any], name: str, value: Any) -> Any:
    """Return a JSON value as the annotation of an argument, or of what is returned, says."""
    return _adapters(method)[name].validate_python(value)
