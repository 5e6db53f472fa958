"""What a step's function is called with."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.authoring.context import InputInfo
from stackyard.authoring.parameters import validate
from stackyard.authoring.signature import Parameter, Signature, read_signature
from stackyard.model.digest import canonical_json
from stackyard.model.job import InputVersion, StepJob

_MEMBER = re.compile(r"(.+)\[(\d+)\]")
"""``name[i]``: a member of the list that the parameter ``name`` was given."""


def arguments_of(job: StepJob, function: Callable[..., Any], load: Callable[[InputVersion], Any]) -> dict[str, Any]:
    """Return parameters and inputs by name, lists put together again.

    Args:
        job: the step.
        function: of the step.
        load: returns the value of an artifact version, or the member of it that is meant.

    Raises:
        ParameterError: a parameter's value does not fit its annotation any more.
        InputError: an input has no such member.
        StackyardError: an artifact version can't be loaded.
    """
    known: dict[str, Parameter] = {p.name: p for p in signature_of(function).parameters}
    owner = f"step {job.step_name!r}"
    values: dict[str, Any] = {
        name: validate(known[name], value, owner, None, given_as="json")
        for name, value in job.parameters.items()
        if not _is_default(known[name], value)
    }
    for name, versions in _by_parameter(job).items():
        found = [load(version) for version in versions]
        values[name] = found if _is_list(job, name) else found[0]
    return values


def infos_of(job: StepJob) -> dict[str, list[InputInfo]]:
    """Return what the step's context tells of its inputs."""
    return {
        name: [InputInfo(v.artifact_version_id, v.uri, v.digest, v.item) for v in versions]
        for name, versions in _by_parameter(job).items()
    }


def _by_parameter(job: StepJob) -> dict[str, list[InputVersion]]:
    """Return parameter to its versions; of a list, in the order of the list."""
    found: dict[str, dict[int, InputVersion]] = {}
    for name, version in job.inputs.items():
        member = _MEMBER.fullmatch(name) if name.endswith("]") else None
        parameter, place = (member[1], int(member[2])) if member else (name, 0)
        found.setdefault(parameter, {})[place] = version
    return {name: [members[i] for i in sorted(members)] for name, members in found.items()}


def _is_list(job: StepJob, name: str) -> bool:
    return name not in job.inputs


def _is_default(parameter: Parameter, value: Any) -> bool:
    """Tell whether a recorded value is the function's own default, which needs no way through JSON."""
    if parameter.required or parameter.annotation is not Any:
        return False
    try:
        default = to_jsonable_python(parameter.default, inf_nan_mode="constants")
        return canonical_json(default) == canonical_json(value)  # True == 1 == 1.0 in Python, and they are not the same
    except (PydanticSerializationError, TypeError, ValueError):
        return False


@functools.lru_cache(maxsize=256)
def signature_of(function: Callable[..., Any]) -> Signature:
    """Return what a step's function takes and gives, read once a process."""
    return read_signature(function, "step")
