"""What a class of somebody's must look like to store values, wherever it is named."""

from __future__ import annotations

import inspect

_HERE = "stackyard.storage.materializers"
_STYLES = {
    (f"{_HERE}.base", "Materializer"): {
        "save": "save(self, value, writer)",
        "load": "load(self, store, uri, manifest)",
    },
    (f"{_HERE}.folder_style", "BaseMaterializer"): {"save": "save(self, data)", "load": "load(self, data_type)"},
}
"""Base class to what is wanted of classes that are derived from it."""
HOW = (
    "Derive it from stackyard.Materializer and write save(self, value, writer), which gives files to the writer, and "
    "load(self, store, uri, manifest), which reads them; or from stackyard.BaseMaterializer, with save(self, data) and "
    "load(self, data_type), which write and read files in self.uri."
)
"""The hint for a class that is none."""


def misfit(cls: type) -> str:
    """Return why a class can't store values, as a sentence goes on after its name; empty: it can."""
    bases = {(base.__module__, base.__qualname__): base for base in cls.__mro__}
    style = next((style for style in _STYLES if style in bases), None)
    if style is None:
        return "is not derived from stackyard.Materializer"
    for name, wanted in _STYLES[style].items():
        method = getattr(cls, name)
        inherited = method is getattr(bases[style], name) and cls is not bases[style]
        if inherited or getattr(method, "__isabstractmethod__", False):
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
