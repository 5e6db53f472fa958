"""Reading what users write as options: each value once, checked, in the shape in which it is recorded."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from stackyard.authoring.cache_policy import read_policy
from stackyard.authoring.sources import class_source
from stackyard.authoring.vocabulary import is_idle_setting
from stackyard.model.errors import DefinitionError, Location, OptionError, SettingsError, StackyardError
from stackyard.model.graph import GivenSettings
from stackyard.model.materializer import HOW, misfit
from stackyard.model.names import check_name, with_article
from stackyard.model.options import CachePolicy, ModelSpec, ResourceSettings, StepRetryConfig

Settings = Mapping[str, Any]
"""``type`` or ``type.flavor`` to a mapping of settings, or to the flavor's settings model; ``resources`` too."""
ALL_OUTPUTS = "*"
"""Stands for every output of a step among its materializers."""
_O = TypeVar("_O", StepRetryConfig, ResourceSettings, ModelSpec)


class Reader:
    """Reads the options of one step or pipeline."""

    def __init__(self, owner: str, location: Location | None) -> None:
        """Name the owner ("step 'x'", "pipeline 'x'") and the place, for messages."""
        self.owner = owner
        self.location = location

    def wrong(self, keyword: str, said: str, hint: str) -> OptionError:
        """Return the error for a value."""
        return OptionError(f"{keyword}= of {self.owner} {said}.", hint=hint, location=self.location)

    def switch(self, keyword: str, value: object) -> bool | None:
        """Return a switch."""
        if value is None or isinstance(value, bool):
            return value
        raise self.wrong(keyword, _is_a(value), "Write True or False.")

    def text(self, keyword: str, value: object) -> str:
        """Return a text."""
        if isinstance(value, str) and value:
            return value
        raise self.wrong(keyword, f"is {value!r}", "Write a text.")

    def name(self, value: object, what: str) -> str:
        """Return the name of a step or pipeline.

        Raises:
            InvalidNameError: the text can't be one.
        """
        return self.checked_name(self.text("name", value), what)

    def checked_name(self, text: str, what: str) -> str:
        """Return a text that can be a name.

        Raises:
            InvalidNameError: it can't.
        """
        try:
            return check_name(text, what)
        except StackyardError as error:
            error.location = error.location or self.location
            raise

    def arguments(self, keyword: str, value: object) -> dict[str, Any]:
        """Return a mapping of texts to whatever."""
        if not value:
            return {}
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise self.wrong(keyword, _is_a(value), f'Write: {keyword}={{"name": ...}}')
        return dict(value)

    def component(self, keyword: str, value: object) -> str | bool | None:
        """Return which component of the stack is named: its name, True for whichever the stack has."""
        if value is None or isinstance(value, (str, bool)):
            return value
        name = getattr(value, "name", None)
        if isinstance(name, str):
            return name
        thing = keyword.replace("_", " ")
        raise self.wrong(
            keyword,
            _is_a(value),
            f"Write the name of the stack's {thing}, or True for whichever it has.",
        )

    def environment(self, value: object) -> dict[str, str]:
        """Return environment variables; numbers become texts."""
        if not value:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong("environment", _is_a(value), 'Write: environment={"NAME": "value"}')
        for name, text in value.items():
            if not isinstance(name, str) or not name or "=" in name or "\0" in f"{name}{text}" or text is None:
                raise self.wrong(
                    "environment", f"has the entry {name!r}: {text!r}", 'Names are texts without "=", values are texts.'
                )
        return {name: str(text) for name, text in value.items()}

    def names(self, keyword: str, value: object, thing: str) -> list[str]:
        """Return names without repeats; ``thing`` says of what."""
        if value is None:
            return []
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            names: list[Any] = [None]
        else:
            names = [getattr(each, "name", each) for each in value]
        if not all(isinstance(name, str) and name for name in names):
            raise DefinitionError(
                f"{keyword}= of {self.owner} must be a list of {thing}.",
                hint=f'Write: {keyword}=["my_{keyword.rstrip("s")}"]',
                location=self.location,
            )
        return without_repeats(names)

    def mapping(self, keyword: str, value: object) -> dict[str, Any]:
        """Return a mapping of texts to JSON values."""
        if not value:
            return {}
        if not isinstance(value, Mapping):
            raise self.wrong(keyword, _is_a(value), f'Write: {keyword}={{"name": "value"}}')
        try:
            return {str(name): to_jsonable_python(each) for name, each in value.items()}
        except (PydanticSerializationError, ValueError) as error:
            raise self.wrong(
                keyword, "holds a value that is no JSON value", "Use numbers, texts, lists and dicts."
            ) from error

    def substitutions(self, value: object) -> dict[str, str]:
        """Return placeholders and their texts."""
        found = self.mapping("substitutions", value)
        for name in found:
            if name in ("date", "time"):
                raise self.wrong(
                    "substitutions", f"redefines {{{name}}}", f"{{{name}}} is the run's; give yours another name."
                )
            if not name.isidentifier():
                raise self.wrong("substitutions", f"has the placeholder {name!r}", "Use a name as of a variable.")
        return {name: str(text) for name, text in found.items()}

    def retry(self, value: object) -> StepRetryConfig | None:
        """Return how often a step is tried again; a number means ``max_retries``."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = {"max_retries": value}
        return self._option("retry", value, StepRetryConfig, "StepRetryConfig(max_retries=3, delay=10, backoff=2)")

    def resources(self, keyword: str, value: object) -> ResourceSettings | None:
        """Return what a step needs of the machine."""
        return self._option(keyword, value, ResourceSettings, 'ResourceSettings(cpu_count=2, memory="4GB")')

    def model(self, value: object) -> ModelSpec | None:
        """Return the model that steps work on; a text is its name."""
        if isinstance(value, str):
            value = {"name": value}
        spec = getattr(value, "__stackyard_model__", None)
        return self._option("model", spec() if callable(spec) else value, ModelSpec, 'Model(name="classifier")')

    def _option(self, keyword: str, value: object, kind: type[_O], example: str) -> _O | None:
        if value is None or type(value) is kind:
            return value
        try:
            if isinstance(value, kind):
                return kind.model_validate({name: getattr(value, name) for name in value.model_fields_set})
            if isinstance(value, Mapping):
                return kind.model_validate(dict(value))
        except ValidationError as error:
            raise self.wrong(
                keyword, f"can't be used: {first_problem(error)}", f"Write: {keyword}={example}"
            ) from error
        raise self.wrong(keyword, _is_a(value), f"Write: {keyword}={example}")

    def cache_policy(self, value: object) -> CachePolicy | None:
        """Return what the cache key is made of."""
        if value is None:
            return None
        try:
            return read_policy(value)
        except ValueError as error:
            said = first_problem(error) if isinstance(error, ValidationError) else str(error)
            raise self.wrong(
                "cache_policy", f"can't be used: {said}", 'Write: cache_policy=CachePolicy(...), or "default"'
            ) from error

    def timeout(self, value: object) -> float | None:
        """Return seconds."""
        if value is None:
            return None
        seconds = value.total_seconds() if isinstance(value, dt.timedelta) else value
        if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and 0 < seconds < float("inf"):
            return float(seconds)
        raise self.wrong("timeout", f"is {value!r}", "Write seconds (a number above 0) or a timedelta.")

    def materializers(self, value: object) -> dict[str, list[str]]:
        """Return output (or ``*``: every one) to ``module:Class`` of materializers.

        Raises:
            OptionError: a class can't be one, or can't be imported elsewhere.
        """
        if value is None:
            return {}
        keyword = "output_materializers"
        by_output = value if isinstance(value, Mapping) else {ALL_OUTPUTS: value}
        return {
            str(output): [
                class_source(self._fitting(keyword, each), keyword, self.owner, self.location)
                for each in (given if isinstance(given, Sequence) and not isinstance(given, str) else [given])
            ]
            for output, given in by_output.items()
        }

    def _fitting(self, keyword: str, value: object) -> object:
        """Return what names a materializer, if it is no class that can't be one."""
        if isinstance(value, type) and (why := misfit(value)):
            raise self.wrong(keyword, f"names the class {value.__qualname__}, which {why}", HOW)
        return value

    def settings(self, value: object) -> tuple[list[GivenSettings], ResourceSettings | None]:
        """Return settings of components as they are recorded, and those of the machine apart.

        Raises:
            SettingsError: they are no mapping of mappings.
            OptionError: ``resources`` among them can't be used.
        """
        if not value:
            return [], None
        values: dict[str, dict[str, Any]] = {}
        resources: ResourceSettings | None = None
        for key, given in value.items() if isinstance(value, Mapping) else [("settings", None)]:
            if key == "resources":
                resources = self.resources('settings["resources"]', given)
                continue
            if is_idle_setting(key):
                continue
            dump = getattr(given, "model_dump", None)
            plain = dump(mode="json", exclude_unset=True) if callable(dump) else given
            if not isinstance(plain, Mapping):
                raise SettingsError(
                    f"The settings of {self.owner} must map a component type to its settings.",
                    hint='Write: settings={"orchestrator": {"max_workers": 4}}',
                    location=self.location,
                )
            values[str(key)] = {str(name): self._setting(setting) for name, setting in plain.items()}
        if not values:
            return [], resources
        place = self.location or Location("")
        return [GivenSettings(values=values, file=place.file, line=place.line)], resources

    def _setting(self, setting: Any) -> Any:
        try:
            return to_jsonable_python(setting)
        except (PydanticSerializationError, ValueError) as error:
            raise SettingsError(
                f"The settings of {self.owner} hold {with_article(type(setting).__name__)}, which is no JSON value.",
                hint="Use numbers, texts, lists and dicts.",
                location=self.location,
            ) from error


def _is_a(value: object) -> str:
    return f"is {with_article(type(value).__name__)}"


def first_problem(error: ValidationError) -> str:
    """Return the first of pydantic's complaints as ``field: what is wrong``."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    text = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def without_repeats(names: Iterable[str]) -> list[str]:
    """Return names, each at its first place."""
    return list(dict.fromkeys(names))
