"""Run configurations: YAML files that say how a pipeline runs.

Which keys there are, and what each does, is said by :mod:`stackyard.authoring.vocabulary`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.model.errors import Location, RunConfigurationError
from stackyard.model.names import did_you_mean
from stackyard.model.problems import Problems
from stackyard.model.record import Record

if TYPE_CHECKING:
    from yaml.nodes import Node

    from stackyard.api.configuration_values import Refusal
    from stackyard.authoring.vocabulary import Word

_HOOKS = {"start_hook_source": "start", "success_hook_source": "success", "failure_hook_source": "failure",
          "end_hook_source": "end"}  # fmt: skip


class RunConfiguration(Record):
    """A run configuration that was read and checked.

    ``values`` has what the file says in the shapes that recording takes: ``hooks`` (event to module and qualname),
    ``on_init``, ``on_cleanup``, ``resources`` and ``outputs`` stand for what the file spells otherwise; keys without a
    value, and those that have no effect, are left out.
    """

    file: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What stands there without effect, one sentence each."""
    node: Node | None = None
    """What the values were read from, for positions."""

    def location(self, *path: str) -> Location:
        """Return where the file names a key; the place of the nearest mapping around it when it does not."""
        if self.node is None:
            return Location(self.file)
        from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

        place, _, _ = self._walk(path)
        return yaml_file.location(place, Path(self.file)) if place is not None else Location(self.file)

    def find(self, *path: str) -> Location | None:
        """Return where the file names a key; None when it does not, or gives it no value."""
        if self.node is None:
            return None
        from stackyard.storage import yaml_file  # noqa: PLC0415  # as above

        place, node, whole = self._walk(path)
        if place is None or node is None or not whole or yaml_file.is_empty(node):
            return None
        return yaml_file.location(place, Path(self.file))

    def keys(self, *path: str) -> list[str]:
        """Return the keys that stand below a key, those without a value too."""
        if self.node is None:
            return []
        from stackyard.storage import yaml_file  # noqa: PLC0415  # as above

        _, node, whole = self._walk(path)
        return list(yaml_file.pairs(node)) if whole and node is not None else []

    def _walk(self, path: tuple[str, ...]) -> tuple[Node | None, Node | None, bool]:
        """Follow keys as far as they lead; return the last key, what stands behind it, and whether that was all."""
        from stackyard.storage import yaml_file  # noqa: PLC0415  # as above

        place = node = self.node
        for key in path:
            found = yaml_file.pairs(node).get(key) if node is not None else None
            if found is None:
                return place, node, False
            place, node = found
        return place, node, True

    def step(self, name: str) -> dict[str, Any]:
        """Return the section of a step."""
        return dict((self.values.get("steps") or {}).get(name) or {})

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the pipeline's parameters."""
        return dict(self.values.get("parameters") or {})


def read_run_configuration(path: str | Path, problems: Problems | None = None) -> RunConfiguration:
    """Read a run configuration.

    Args:
        path: of the file.
        problems: takes what is wrong with single keys, which are left out then; without it they are raised.

    Raises:
        RunConfigurationError: it can't be read, is no YAML, or has keys or types that do not exist.
        PipelineValidationError: several of these, when ``problems`` is not given.
    """
    from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

    file = Path(path).absolute()
    node = yaml_file.compose_file(file, "run configuration", RunConfigurationError)
    if node is None or yaml_file.is_empty(node):
        return RunConfiguration(str(file))
    found: Problems = Problems() if problems is None else problems
    wrong = yaml_file.document_problems(node, file)
    for problem in wrong:
        found.add(RunConfigurationError(problem.message, hint=problem.hint, location=problem.location))
    if wrong or not yaml_file.is_mapping(node):
        if not wrong:
            found.add(_no_mapping(file, (), yaml_file.location(node, file)))
        configuration = RunConfiguration(str(file), node=node)
    else:
        configuration = _Reading(RunConfiguration(str(file), yaml_file.plain(node), node=node), found).done()
    if problems is None:
        found.raise_any(f"The run configuration {file} can't be used")
    return configuration


def _no_mapping(file: Path, section: tuple[str, ...], location: Location) -> RunConfigurationError:
    where = f"'{'.'.join(section)}' in {file}" if section else f"The run configuration {file}"
    return RunConfigurationError(f"{where} must be a mapping.", hint="Write: key: value", location=location)


class _Reading:
    """Checks a file and brings its values into the shapes that recording takes."""

    def __init__(self, raw: RunConfiguration, problems: Problems) -> None:
        self._raw = raw
        self._problems = problems
        self._notes: dict[str, None] = {}

    def done(self) -> RunConfiguration:
        """Return the configuration."""
        from stackyard.authoring.vocabulary import RUN_CONFIGURATION, STEP_CONFIGURATION  # noqa: PLC0415  # as for YAML

        values = self._section(self._raw.values, RUN_CONFIGURATION)
        steps = values.pop("steps", None) or {}
        sections: dict[str, Any] = {}
        for name, section in steps.items():
            if section is None:
                continue
            if not isinstance(section, dict):
                place = self._raw.location("steps", name)
                self._problems.add(_no_mapping(Path(self._raw.file), ("steps", name), place))
                continue
            sections[name] = self._section(section, STEP_CONFIGURATION, "steps", name)
        if sections:
            values["steps"] = sections
        return RunConfiguration(self._raw.file, values, tuple(self._notes), self._raw.node)

    def _section(self, values: Mapping[str, Any], words: Mapping[str, Word], *path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in values.items():
            word = words.get(key)
            if word is None:
                self._unknown(key, words, path)
            elif value is None:
                continue
            elif word.verdict == "refused":
                from stackyard.api.configuration_values import Refusal  # noqa: PLC0415  # as for YAML

                self._refuse(Refusal("is refused here", word.text), (*path, key))
            elif word.verdict == "no effect":
                if value is not True:  # what is always so may well be asked for
                    self._note((*path, key), word.text)
            else:
                self._take(key, value, found, path)
        return _joined(found)

    def _take(self, key: str, value: Any, found: dict[str, Any], path: tuple[str, ...]) -> None:
        from stackyard.api.configuration_values import KINDS, Refused  # noqa: PLC0415  # as for YAML

        if key == "settings" and isinstance(value, dict):
            value = self._settings(value, found, path)
        try:
            read = KINDS[key].read(value, self._node(*path, key))
        except Refused as refused:
            for refusal in refused.refusals:
                self._refuse(refusal, (*path, key))
            return
        if key not in found or not isinstance(read, dict):
            found[key] = read
        else:  # resources, which stand under settings too
            found[key] = {**found[key], **read}

    def _settings(self, settings: dict[str, Any], found: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """Return settings of components; those of the machine become ``resources``."""
        from stackyard.api.configuration_values import RESOURCES, Refused  # noqa: PLC0415  # as for YAML
        from stackyard.authoring.vocabulary import SETTINGS  # noqa: PLC0415  # as for YAML

        for key, word in SETTINGS.items():
            if settings.get(key) is None:
                continue
            if word.verdict != "honoured":
                self._note((*path, "settings", key), word.text)
                continue
            try:
                told = RESOURCES.read(settings[key], None)
                found["resources"] = {**told, **found.get("resources", {})}
            except Refused as refused:
                for refusal in refused.refusals:
                    self._refuse(refusal, (*path, "settings", key))
        return {key: value for key, value in settings.items() if key not in SETTINGS}

    def _node(self, *path: str) -> Node | None:
        from stackyard.storage import yaml_file  # noqa: PLC0415  # only runs with a configuration pay for YAML

        node = self._raw.node
        for key in path:
            node = yaml_file.pairs(node)[key][1] if node is not None else None
        return node

    def _unknown(self, key: str, words: Mapping[str, Word], path: tuple[str, ...]) -> None:
        honoured = [name for name, word in words.items() if word.verdict == "honoured"]
        self._problems.add(
            RunConfigurationError(
                f"{self._raw.file} has the unknown key '{'.'.join([*path, key])}'.",
                hint=f"{did_you_mean(key, list(words))} Known: {', '.join(honoured)}.".strip(),
                location=self._raw.location(*path, key),
            )
        )

    def _refuse(self, refusal: Refusal, path: tuple[str, ...]) -> None:
        full = [*path, *refusal.path]
        self._problems.add(
            RunConfigurationError(
                f"'{'.'.join(full)}' in {self._raw.file} {refusal.said}.",
                hint=refusal.hint,
                location=self._raw.location(*full, *([refusal.key] if refusal.key else [])),
            )
        )

    def _note(self, path: tuple[str, ...], text: str) -> None:
        """Note what has no effect; said once, however many steps say it."""
        shown = path[2:] if path[0] == "steps" else path
        self._notes.setdefault(f"{Path(self._raw.file).name}: '{'.'.join(shown)}' has no effect. {text}")


def _joined(found: dict[str, Any]) -> dict[str, Any]:
    """Return a section with its hooks under the names by which they are recorded."""
    hooks = {event: found.pop(key) for key, event in _HOOKS.items() if key in found}
    if hooks:
        found["hooks"] = hooks
    arguments = found.pop("init_hook_kwargs", None)
    if "init_hook_source" in found:
        found["on_init"] = found.pop("init_hook_source")
        if arguments:
            found["on_init"]["arguments"] = arguments
    elif arguments:
        found["on_init_kwargs"] = arguments
    if "cleanup_hook_source" in found:
        found["on_cleanup"] = found.pop("cleanup_hook_source")
    return found
