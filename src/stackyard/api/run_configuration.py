"""Run configurations: YAML files that say how a pipeline runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.model.errors import Location, RunConfigurationError
from stackyard.model.names import did_you_mean

if TYPE_CHECKING:
    from yaml.nodes import Node

_KEYS: dict[str, tuple[type, ...]] = {
    "enable_cache": (bool,),
    "parameters": (dict,),
    "run_name": (str,),
    "secrets": (list,),
    "settings": (dict,),
    "stack": (str,),
    "steps": (dict,),
}
_STEP_KEYS: dict[str, tuple[type, ...]] = {
    "enable_cache": (bool,),
    "experiment_tracker": (str, bool),
    "parameters": (dict,),
    "secrets": (list,),
    "settings": (dict,),
}
_WORDS = {bool: "true or false", dict: "a mapping", list: "a list of names", str: "a text"}


@dataclass(frozen=True)
class RunConfiguration:
    """A run configuration that was read and checked."""

    file: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    node: Node | None = field(default=None, repr=False, compare=False)
    """What the values were read from, for positions."""

    def location(self, *path: str) -> Location:
        """Return where the file names a key; the place of the nearest mapping around it when it does not."""
        from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

        place = node = self.node
        for key in path:
            found = yaml_file.pairs(node).get(key) if node is not None else None
            if found is None:
                break
            place, node = found
        return yaml_file.location(place, Path(self.file)) if place is not None else Location(self.file)

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
    from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

    file = Path(path).absolute()
    node = yaml_file.compose_file(file, "run configuration", RunConfigurationError)
    if node is None or yaml_file.is_empty(node):
        return RunConfiguration(str(file))
    for problem in yaml_file.document_problems(node, file):
        raise RunConfigurationError(problem.message, hint=problem.hint, location=problem.location)
    found = RunConfiguration(str(file), yaml_file.plain(node), node)
    _check(found, found.values, _KEYS)
    for name, section in (found.values.get("steps") or {}).items():
        _check(found, section or {}, _STEP_KEYS, "steps", name)
    return found


def _check(configuration: RunConfiguration, values: Any, keys: dict[str, tuple[type, ...]], *section: str) -> None:
    """Refuse keys and types that do not exist.

    Raises:
        RunConfigurationError: with file, line and what would be right.
    """
    file, prefix = configuration.file, "".join(f"{part}." for part in section)
    if not isinstance(values, dict):
        where = f"'{prefix.rstrip('.')}' in {file}" if section else f"The run configuration {file}"
        raise RunConfigurationError(
            f"{where} must be a mapping.", hint=f"Keys: {', '.join(keys)}.", location=configuration.location(*section)
        )
    for key, value in values.items():
        if key not in keys:
            raise RunConfigurationError(
                f"{file} has the unknown key '{prefix}{key}'.",
                hint=f"{did_you_mean(key, list(keys))} Known: {', '.join(keys)}.".strip(),
                location=configuration.location(*section, key),
            )
        fits = isinstance(value, keys[key])
        if isinstance(value, list):
            fits = fits and all(isinstance(name, str) for name in value)
        if value is not None and not fits:
            words = " or ".join(_WORDS[kind] for kind in keys[key])
            raise RunConfigurationError(
                f"'{prefix}{key}' in {file} must be {words}, got {value!r}.",
                hint="Mend the file.",
                location=configuration.location(*section, key),
            )
