"""What flavors say of their fields: docstrings, JSON schemas, and both as a plain list.

The docstrings below the fields are read when somebody wants to see them: pydantic can read them while it builds a
class, but then every process pays for parsing source files.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from typing import Any

from pydantic import BaseModel

from stackyard.model.stack_views import FieldView


def field_docs(model: type[BaseModel]) -> dict[str, str]:
    """Return field to docstring, on one line each; fields without one are left out."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if not issubclass(cls, BaseModel) or cls is BaseModel:
            continue
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
        except (OSError, TypeError, SyntaxError):  # a parametrised generic, or a class that was made at run time
            continue
        body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
        for statement, following in itertools.pairwise(body):
            if (
                isinstance(statement, ast.AnnAssign)
                and isinstance(statement.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                found[statement.target.id] = " ".join(following.value.value.split())
    return found


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's JSON schema, the fields' docstrings as descriptions, references resolved."""
    schema = model.model_json_schema()
    docs = field_docs(model)
    definitions = schema.pop("$defs", {})
    for name, field in schema.get("properties", {}).items():
        if name in docs:
            field["description"] = docs[name]
    resolved: dict[str, Any] = _inline(schema, definitions)
    return resolved


def fields_of(schema: dict[str, Any] | None) -> list[FieldView]:
    """Return the fields of a schema in their order; none for None."""
    if not schema:
        return []
    required = schema.get("required", [])
    return [
        FieldView(
            name=name,
            type=_type_of(field),
            required=name in required,
            default=field.get("default"),
            secret=bool(field.get("secret")),
            doc=str(field.get("description", "")),
        )
        for name, field in schema.get("properties", {}).items()
    ]


def _inline(value: Any, definitions: dict[str, Any]) -> Any:
    """Replace ``$ref`` by what it refers to: schemas of flavors are small and not recursive."""
    if isinstance(value, list):
        return [_inline(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        rest = {k: v for k, v in value.items() if k != "$ref"}
        return _inline({**definitions.get(value["$ref"].rsplit("/", 1)[-1], {}), **rest}, definitions)
    return {key: _inline(item, definitions) for key, item in value.items()}


def _type_of(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if "const" in field:
        return str(field["const"])
    if "anyOf" in field:
        options = [_type_of(option) for option in field["anyOf"] if option.get("type") != "null"]
        return " | ".join(dict.fromkeys(options))
    if field.get("type") == "array":
        return f"list of {_type_of(field.get('items', {}))}"
    return str(field.get("type", "any"))
