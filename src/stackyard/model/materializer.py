"""What a class of somebody's must look like to store values, wherever it is named."""

from __future__ import annotations

import inspect

WANTED = {"save": "save(self, value, writer)", "load": "load(self, store, uri, manifest)"}
HOW = (
    f"Derive it from stackyard.Materializer and write {WANTED['save']}, which gives files to the writer, and "
    f"{WANTED['load']}, which reads them."
)
"""The hint for a class that is none."""
_BASE = ("stackyard.storage.materializers.base", "Materializer")


def misfit(cls: type) -> str:
    """Return why a class can't store values, as a sentence goes on after its name; empty: it can."""
    if _BASE not in [(base.__module__, base.__qualname__) for base in cls.__mro__]:
        return "is not derived from stackyard.Materializer"
    for name, wanted in WANTED.items():
        method = getattr(cls, name)
        if getattr(method, "__isabstractmethod__", False):
            return f"has no {wanted}"
        try:
            signature = inspect.signature(method)
        except (TypeError, ValueError):  # it is no function of Python's: it is tried
            continue
        given = wanted.count(",") + (not isinstance(inspect.getattr_static(cls, name), (staticmethod, classmethod)))
        try:
            signature.bind(*[None] * given)
        except TypeError:
            return f"has {name}({', '.join(signature.parameters)}) where {wanted} is needed"
    return ""
