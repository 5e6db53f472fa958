"""Users' materializer classes on their way to workers, and in cache keys."""

from __future__ import annotations

import base64
import importlib
import inspect
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

from stackyard.engine.tracebacks import step_error
from stackyard.model.digest import digest_value
from stackyard.model.errors import DefinitionError
from stackyard.model.graph import StepSource, StepSpec
from stackyard.model.job import MaterializerSource
from stackyard.storage.materializers import registered

if TYPE_CHECKING:  # workers don't need it
    from stackyard.engine.code_digest import CodeDigests

_pickled: dict[type, str] = {}
_taken: dict[str, type] = {}
"""Pickled text to its class: the same one for all steps of a worker."""


def classes_to_send() -> list[MaterializerSource]:
    """Return the classes that workers need to hear of, as this process knows them.

    Raises:
        DefinitionError: a class that must travel by value can't be pickled.
    """
    return [_source_of(cls) for cls in registered.travelling()]


def take_classes(sources: list[MaterializerSource]) -> None:
    """Make the classes of a job known here.

    Raises:
        DefinitionError: one can't be imported or unpickled.
    """
    for source in sources:
        if source.pickled and source.pickled in _taken:
            continue
        try:
            if source.pickled:
                cls = pickle.loads(base64.b64decode(source.pickled))  # noqa: S301  # our driver's
                registered.take(cls, source.reference)
                _taken[source.pickled] = cls
            elif registered.by_reference(source.reference) is None:
                importlib.import_module(source.reference.partition(":")[0])
        except Exception as error:  # the user's code can raise anything
            said = step_error(error)
            raise DefinitionError(
                f"The materializer {source.reference} can't be found here: {said.type}: {said.message}.",
                hint="Define it at the top level of a module that workers can import.",
            ) from error


def digests_of_classes(code: CodeDigests, spec: StepSpec) -> dict[str, str]:
    """Return the classes that may store a step's outputs to digests of their code."""
    named = [registered.by_reference(source) for output in spec.outputs for source in output.materializers]
    classes = [cls for cls in named if cls] + [cls for cls in registered.travelling() if registered.serves_all(cls)]
    return dict(_named_digest(code, cls) for cls in dict.fromkeys(classes))


def _named_digest(code: CodeDigests, cls: type) -> tuple[str, str]:
    """Return a class's name with its file, which are the same however its script is run, and its digest."""
    try:
        file = inspect.getsourcefile(cls) or ""
    except (TypeError, OSError):  # of a notebook, or made by a function
        file = ""
    name = f"{Path(file).name}:{cls.__qualname__}" if file else registered.reference_of(cls)
    source = StepSource(module=cls.__module__, qualname=cls.__qualname__, file=file, pickled=_source_of(cls).pickled)
    return name, digest_value("materializer/1", code.of(source))


def _source_of(cls: type) -> MaterializerSource:
    reference = registered.reference_of(cls)
    if not registered.travels_by_value(cls):
        return MaterializerSource(reference=reference)
    if cls not in _pickled:
        import cloudpickle  # noqa: PLC0415  # only for classes that can't be imported

        try:
            _pickled[cls] = base64.b64encode(cloudpickle.dumps(cls)).decode("ascii")
        except Exception as error:  # what a class refers to can raise anything
            raise DefinitionError(
                f"The materializer {cls.__qualname__} is defined in {cls.__module__} and can't be sent to a worker: "
                f"{error}.",
                hint="Move it into a module, or avoid objects that can't be pickled in its globals.",
            ) from error
        _taken[_pickled[cls]] = cls  # steps that run in this process use this very class
    return MaterializerSource(reference=reference, pickled=_pickled[cls])
