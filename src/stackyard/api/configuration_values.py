"""The values of a run configuration: each kind with its check, its JSON schema, and the shape that recording takes.

Invariant: what passes is a JSON value that recording can use without a further check; ``null`` says nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from stackyard.model.enums import ExecutionMode
from stackyard.model.names import did_you_mean
from stackyard.model.options import CachePolicy, ModelSpec, ResourceSettings, StepRetryConfig
from stackyard.model.record import Record

if TYPE_CHECKING:
    from yaml.nodes import Node

Path = tuple[str, ...]
"""Keys that lead to a value, from the value that is read."""


class Refusal(Record):
    """Why a value is not taken."""

    said: str
    """As it follows the name of the key: ``must be a text, got 5``."""
    hint: str
    path: Path = ()
    """What is wrong in the value; empty: all of it."""
    key: str = ""
    """The key below it where that is, when it is a key that is wrong."""


class Refused(Exception):  # noqa: N818  # carries refusals, is none
    """A value is not taken."""

    def __init__(self, *refusals: Refusal) -> None:
        """Say why."""
        super().__init__(refusals)
        self.refusals = refusals


class Kind(Record):
    """What may stand behind a key."""

    words: str
    """What it is, for messages: ``a list of names``."""
    schema: dict[str, Any]
    read: Callable[[Any, Node | None], Any]
    """Gets the value and its node; returns what is recorded; raises Refused."""
    example: str = ""
    """As a template shows it."""


def _of_type(words: str, schema: dict[str, Any], *types: type, example: str = "") -> Kind:
    def read(value: Any, _node: Node | None) -> Any:
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise Refused(_must_be(words, value))
        return value

    return Kind(words, schema, read, example)


def _must_be(words: str, value: Any, path: Path = ()) -> Refusal:
    shown = repr(value)
    return Refusal(f"must be {words}, got {shown if len(shown) <= 60 else shown[:57] + '...'}", "Mend the file.", path)


def _names(value: Any, _node: Node | None) -> list[str]:
    if isinstance(value, list):
        found = [item.get("name") if isinstance(item, dict) else item for item in value]
        if all(isinstance(item, str) and item for item in found):
            return list(dict.fromkeys(str(item) for item in found))
    raise Refused(_must_be("a list of names", value))


def _texts(value: Any, node: Node | None) -> dict[str, str]:
    """Return texts as they are written: ``010`` and ``yes`` too, which YAML takes for a number and a switch."""
    from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

    if not isinstance(value, dict):
        raise Refused(_must_be("a mapping of names to texts", value))
    nodes = yaml_file.pairs(node) if node is not None else {}
    found, refusals = {}, []
    for key, item in value.items():
        if not key or "=" in key or "\0" in key:
            refusals.append(Refusal(f"has the name {key!r}", 'Names are texts without "=".', key=key))
        elif item is None or isinstance(item, (dict, list)) or "\0" in str(item):
            refusals.append(_must_be("a text", item, (key,)))
        else:
            written = getattr(nodes[key][1], "value", None) if key in nodes else None
            found[key] = written if isinstance(written, str) else str(item)
    if refusals:
        raise Refused(*refusals)
    return found


def _substitutions(value: Any, node: Node | None) -> dict[str, str]:
    found = _texts(value, node)
    for key in found:
        if key in ("date", "time"):
            raise Refused(Refusal(f"redefines {{{key}}}", "It is the run's; give yours another name.", key=key))
        if not key.isidentifier():
            raise Refused(Refusal(f"has the placeholder {key!r}", "Use a name as of a variable.", key=key))
    return found


def _seconds(value: Any, _node: Node | None) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise Refused(_must_be("a number of seconds above 0", value))
    return float(value)


def _source(value: Any, words: str = "a source like module.name") -> tuple[str, str]:
    """Return module and name; a mapping is how ZenML writes sources out."""
    written = value
    if isinstance(value, dict) and value.keys() >= {"module", "attribute"}:
        value = f"{value['module']}:{value['attribute']}"
    if isinstance(value, str):
        module, _, name = value.partition(":") if ":" in value else value.rpartition(".")
        if all(part.isidentifier() for part in [*module.split("."), *name.split(".")]):
            return module, name
    raise Refused(_must_be(words, written))


def _hook(value: Any, _node: Node | None) -> dict[str, Any]:
    module, name = _source(value)
    return {"module": module, "qualname": name}


def _mode(value: Any, _node: Node | None) -> str:
    modes = [mode.value for mode in ExecutionMode]
    if value not in modes:
        near = did_you_mean(value, modes) if isinstance(value, str) else ""
        raise Refused(Refusal(_must_be(" or ".join(modes), value).said, near or "Mend the file."))
    return str(value)


_MATERIALIZERS = "materializer_source"
_OUTPUT_KEYS = (_MATERIALIZERS, "default_materializer_source")


def _outputs(value: Any, _node: Node | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(_must_be("a mapping of outputs", value))
    found: dict[str, Any] = {}
    for output, section in value.items():
        if section is None:
            continue
        if not isinstance(section, dict):
            raise Refused(_must_be("a mapping", section, (output,)))
        for key in section:
            if key not in _OUTPUT_KEYS:
                hint = f"{did_you_mean(key, list(_OUTPUT_KEYS))} Known: {_MATERIALIZERS}.".strip()
                raise Refused(Refusal(f"has the unknown key {key!r}", hint, (output,), key))
        told = section.get(_MATERIALIZERS)
        if told is not None:
            try:
                sources = [":".join(_source(each)) for each in (told if isinstance(told, list) else [told])]
            except Refused as refused:
                path = (output, _MATERIALIZERS)
                raise Refused(*(Refusal(r.said, r.hint, path) for r in refused.refusals)) from refused
            found[output] = {"materializers": sources}
    return found


def _model(
    model: type[BaseModel], words: str, example: str, *, short: Callable[[Any], Any] | None = None,
    short_schema: dict[str, Any] | None = None, unused: tuple[str, ...] = (),
) -> Kind:  # fmt: skip
    """Return the kind of a value that a pydantic model describes.

    Args:
        model: says which fields there are.
        words: what it is.
        example: as a template shows it.
        short: turns a value that is no mapping into one, or returns it as it is.
        short_schema: of such a value.
        unused: further fields of ZenML's, which have no effect.
    """

    def read(value: Any, _node: Node | None) -> dict[str, Any]:
        given = short(value) if short is not None and not isinstance(value, dict) else value
        if not isinstance(given, dict):
            raise Refused(_must_be(words, value))
        said = {key: item for key, item in given.items() if item is not None and key not in unused}
        try:
            model.model_validate(said)
        except ValidationError as error:
            raise Refused(*_refusals(error, model)) from error
        return said

    def schema() -> dict[str, Any]:
        whole = model.model_json_schema()
        properties: dict[str, Any] = {
            key: {"anyOf": [each, {"type": "null"}]} for key, each in whole["properties"].items()
        }
        properties.update({key: {"description": "No effect."} for key in unused})
        mapping: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
        if whole.get("required"):
            mapping["required"] = whole["required"]
        return {"anyOf": [mapping, short_schema]} if short_schema else mapping

    return Kind(words, _Lazy(schema), read, example)


class _Lazy(dict[str, Any]):
    """A schema that is made when somebody looks at it: few do."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        super().__init__()
        self.make = make


def schema_of_kind(kind: Kind) -> dict[str, Any]:
    """Return a kind's JSON schema."""
    return kind.schema.make() if isinstance(kind.schema, _Lazy) else kind.schema


def _refusals(error: ValidationError, model: type[BaseModel]) -> Iterator[Refusal]:
    from stackyard.flavors.docs import field_docs  # noqa: PLC0415  # only on the way to an error message

    known, docs = list(model.model_fields), field_docs(model)
    for problem in error.errors(include_url=False):
        path = tuple(str(part) for part in problem["loc"])
        field = path[0] if path else ""
        if problem["type"] == "extra_forbidden":
            hint = f"{did_you_mean(field, known)} Known: {', '.join(known)}.".strip()
            yield Refusal(f"has the unknown key {field!r}", hint, key=field)
        elif problem["type"] == "missing":
            yield Refusal(f"has no {field!r}", f"Add it: {field}: ...")
        elif problem["type"] == "string_pattern_mismatch":  # the pattern itself helps nobody
            yield Refusal(f"can't be {problem['input']!r}", docs.get(field, "").replace("``", ""), path)
        else:
            text = problem["msg"].removeprefix("Value error, ")
            yield Refusal(
                f"can't be {problem['input']!r}: {text[:1].lower()}{text[1:]}",
                docs.get(field, "").replace("``", "") or "Mend the file.", path,
            )  # fmt: skip


def _retries(value: Any) -> Any:
    return {"max_retries": value} if isinstance(value, int) and not isinstance(value, bool) else value


def _model_name(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _policy_name(value: Any) -> Any:
    return {} if value == "default" else value


_TEXT = {"type": "string", "minLength": 1}
_ANY_SOURCE = {"description": "module.name", "type": ["string", "object"]}
SWITCH = _of_type("true or false", {"type": "boolean"}, bool, example="false")
TEXT = _of_type("a text", _TEXT, str, example="text")
MAPPING = _of_type("a mapping", {"type": "object"}, dict, example="{name: value}")
COMPONENT = _of_type("a name, true or false", {"type": ["string", "boolean"]}, str, bool, example="name")
NAMES = Kind("a list of names", {"type": "array", "items": {"type": ["string", "object"]}}, _names, "[name]")
TEXTS = Kind(
    "a mapping of names to texts",
    {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}, _texts, "{NAME: value}",
)  # fmt: skip
SUBSTITUTIONS = Kind(TEXTS.words, TEXTS.schema, _substitutions, "{customer: acme}")
SECONDS = Kind("a number of seconds above 0", {"type": "number", "exclusiveMinimum": 0}, _seconds, "600")
HOOK = Kind("a source like module.name", _ANY_SOURCE, _hook, "module.function")
MODE = Kind("an execution mode", {"enum": [mode.value for mode in ExecutionMode]}, _mode, "stop_on_failure")
OUTPUTS = Kind(
    "a mapping of outputs",
    {"type": "object", "additionalProperties": {"type": ["object", "null"], "additionalProperties": False,
                                                "properties": {key: {} for key in _OUTPUT_KEYS}}},
    _outputs, "{output: {materializer_source: module.Class}}",
)  # fmt: skip
RETRY = _model(
    StepRetryConfig,
    "a number of retries, or a mapping",
    "{max_retries: 3, delay: 10, backoff: 2}",
    short=_retries,
    short_schema={"type": "integer", "minimum": 0},
)
RESOURCES = _model(
    ResourceSettings, "a mapping", "{cpu_count: 2, memory: 4GB}",
    unused=(
        "gpu_class", "resources", "reclaim_tolerance", "allocation_wait_timeout_seconds",
        "initialization_lease_seconds", "min_replicas", "max_replicas", "autoscaling_metric", "autoscaling_target",
        "max_concurrency",
    ),
)  # fmt: skip
MODEL = _model(
    ModelSpec, "the name of a model, or a mapping", "{name: classifier}", short=_model_name, short_schema=_TEXT,
    unused=("suppress_class_validation_warnings",),
)  # fmt: skip
CACHE_POLICY = _model(
    CachePolicy,
    "'default', or a mapping",
    "{expires_after: 86400}",
    short=_policy_name,
    short_schema={"const": "default"},
)

KINDS: Mapping[str, Kind] = {
    "cache_policy": CACHE_POLICY,
    "cleanup_hook_source": HOOK,
    "enable_cache": SWITCH,
    "end_hook_source": HOOK,
    "environment": TEXTS,
    "execution_mode": MODE,
    "experiment_tracker": COMPONENT,
    "extra": MAPPING,
    "failure_hook_source": HOOK,
    "init_hook_kwargs": MAPPING,
    "init_hook_source": HOOK,
    "model": MODEL,
    "outputs": OUTPUTS,
    "parameters": MAPPING,
    "resources": RESOURCES,
    "retry": RETRY,
    "run_name": TEXT,
    "secrets": NAMES,
    "settings": MAPPING,
    "stack": TEXT,
    "start_hook_source": HOOK,
    "step_operator": COMPONENT,
    "steps": MAPPING,
    "substitutions": SUBSTITUTIONS,
    "success_hook_source": HOOK,
    "tags": NAMES,
    "timeout": SECONDS,
}
"""Key to what stands behind it, of the whole configuration and of a step's section alike."""
