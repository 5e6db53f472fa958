"""Run configurations: YAML files that say how a pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stackyard.model.errors import Location, RunConfigurationError
from stackyard.model.names import did_you_mean
from stackyard.storage.host import reason_of

_KEYS: dict[str, type | tuple[type, ...]] = {
    "enable_cache": bool,
    "parameters": dict,
    "run_name": str,
    "secrets": list,
    "settings": dict,
    "stack": str,
    "steps": dict,
}
_STEP_KEYS: dict[str, type | tuple[type, ...]] = {
    "enable_cache": bool,
    "experiment_tracker": (str, bool),
    "parameters": dict,
    "secrets": list,
    "settings": dict,
}
_WORDS = {bool: "true or false", dict: "a mapping", list: "a list", str: "a text"}


@dataclass(frozen=True)
class RunConfiguration:
    """A run configuration that was read and checked."""

    file: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    node: Any = field(default=None, repr=False, compare=False)
    """What the values were read from, for positions."""

    def location(self, *path: str) -> Location:
        """Return where the file names a key; the place of the nearest mapping around it when it does not."""
        place = self.node
        for key in path[:-1]:
            place = _child(place, key)
        return _location(_key(place, path[-1]), Path(self.file))

    def step(self, name: str) -> dict[str, Any]:
        """Return the section of a step."""
        return dict((self.values.get("steps") or {}).get(name) or {})

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the pipeline's parameters."""
        return dict(self.values.get("parameters") or {})


def read_run_configuration(path: str | Path) -> RunConfiguration:
    """Read a run configuration.

    Raises:
        RunConfigurationError: it can't be read, is no YAML, or has keys or types that do not exist.
    """
    import yaml  # noqa: PLC0415  # only runs with a configuration pay for it

    file = Path(path).absolute()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=loader)
        values = yaml.load(text, Loader=loader)  # noqa: S506  # a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise RunConfigurationError(
            f"The run configuration {file} is not valid YAML: {getattr(error, 'problem', None) or error}.",
            hint="Mend the file.",
            location=Location(str(file), mark.line + 1 if mark else 0, mark.column + 1 if mark else 0),
        ) from error
    except UnicodeDecodeError as error:
        raise RunConfigurationError(
            f"The run configuration {file} is not UTF-8 text.", hint="Mend the file."
        ) from error
    except OSError as error:
        raise RunConfigurationError(
            f"The run configuration {file} can't be read: {reason_of(error)}.", hint="Check the path."
        ) from error
    if values is None:
        return RunConfiguration(str(file), {})
    _check(values, _KEYS, node, file, "")
    for name, section in (values.get("steps") or {}).items():
        _check(section or {}, _STEP_KEYS, _child(_child(node, "steps"), name), file, f"steps.{name}.")
    return RunConfiguration(str(file), values, node)


def _check(values: Any, keys: dict[str, type | tuple[type, ...]], node: Any, file: Path, prefix: str) -> None:
    if not isinstance(values, dict):
        where = f"'{prefix.rstrip('.')}' in {file}" if prefix else f"The run configuration {file}"
        raise RunConfigurationError(
            f"{where} must be a mapping.", hint=f"Keys: {', '.join(keys)}.", location=_location(node, file)
        )
    for key, value in values.items():
        expected = keys.get(str(key))
        if expected is None:
            raise RunConfigurationError(
                f"{file} has the unknown key '{prefix}{key}'.",
                hint=f"{did_you_mean(str(key), list(keys))} Known: {', '.join(keys)}.".strip(),
                location=_location(_key(node, key), file),
            )
        if value is None:
            continue
        wrong, words = not isinstance(value, expected), _words(expected)
        if key == "secrets" and not wrong:
            wrong, words = not all(isinstance(name, str) for name in value), "a list of names"
        if wrong:
            raise RunConfigurationError(
                f"'{prefix}{key}' in {file} must be {words}, got {value!r}.",
                hint="Mend the file.",
                location=_location(_child(node, key), file),
            )


def _words(expected: type | tuple[type, ...]) -> str:
    return " or ".join(_WORDS[kind] for kind in (expected if isinstance(expected, tuple) else (expected,)))


def _key(node: Any, key: Any) -> Any:
    for found, _ in getattr(node, "value", None) or []:
        if found.value == str(key):
            return found
    return node


def _child(node: Any, key: Any) -> Any:
    value = getattr(node, "value", None)
    if isinstance(value, list):
        for pair in value:
            if isinstance(pair, tuple) and pair[0].value == str(key):
                return pair[1]
    return node


def _location(node: Any, file: Path) -> Location:
    mark = getattr(node, "start_mark", None)
    return Location(str(file), mark.line + 1, mark.column + 1) if mark else Location(str(file))
