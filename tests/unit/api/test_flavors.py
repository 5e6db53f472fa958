"""Flavors from outside: how they are brought in, looked at again, and forgotten."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.api.component_changes import delete_component
from stackyard.api.components import component_spec, register_component
from stackyard.api.context import Context, open_context
from stackyard.api.flavors import (
    delete_flavor,
    discover_flavor,
    get_flavor,
    list_flavors,
    refresh_flavors,
    register_flavor,
)
from stackyard.flavors.opening import open_component
from stackyard.model.enums import ComponentType
from stackyard.model.errors import (
    AlreadyExistsError,
    ComponentConfigurationError,
    InUseError,
    PackageMissingError,
    ProtectedError,
    StackyardError,
    UnknownFlavorError,
)
from stackyard.model.flavor import FlavorDescriptor

ALERTER = ComponentType.ALERTER
MODULE = """
from pydantic import Field as ComponentField, field_validator
from pydantic_core import PydanticCustomError

from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.model.enums import ComponentType

class Configuration(ComponentConfiguration):
    {field}: str
    '''Where to send.'''

class Thing:
    pass

class Unspeakable(ComponentConfiguration):
    model_config = dict(arbitrary_types_allowed=True)
    thing: Thing

class Nested(ComponentConfiguration):
    inner: "Nested | None" = None

class Word(ComponentConfiguration):
    word: str = ComponentField(default="a", pattern=r"^\\p{{L}}+$")
    number: float = 1.0

    @field_validator("word")
    @classmethod
    def _refuse(cls, word):
        if word == "bad":
            raise PydanticCustomError("a_type_of_its_own", "not this one")
        return word

PAGER = Flavor("pager", ComponentType.ALERTER, Configuration, "Pages.", implementation="{module}:Pager")
WEBHOOK = Flavor("webhook", ComponentType.ALERTER, Configuration, "Ours.", implementation="{module}:Pager")
DOTTED = Flavor("a.b", ComponentType.ALERTER, Configuration, "Dotted.", implementation="{module}:Pager")
EMPTY = Flavor("empty", ComponentType.ALERTER, Configuration, "Does nothing.")
UNTYPED = Flavor("untyped", "pager", Configuration, "Of no type.", implementation="{module}:Pager")
UNSPEAKABLE = Flavor("x", ComponentType.ALERTER, Unspeakable, "No JSON.", implementation="{module}:Pager")
NESTED = Flavor("x", ComponentType.ALERTER, Nested, "In itself.", implementation="{module}:Pager")
SILENT = Flavor("x", ComponentType.ALERTER, Configuration, None, implementation="{module}:Pager")
NAMELESS = Flavor(None, ComponentType.ALERTER, Configuration, "No name.", implementation="{module}:Pager")
NO_MODEL = Flavor("x", ComponentType.ALERTER, dict, "A dict.", implementation="{module}:Pager")
WORD = Flavor("word", ComponentType.ALERTER, Word, "A word.", implementation="{module}:Thing")
NUMBER = 1
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages that is searched for modules and entry points."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("pagers", "broken")):
            del sys.modules[name]


@pytest.fixture
def ctx() -> Context:
    return open_context()


def _module(site: Path, name: str = "pagers", field: str = "number") -> None:
    (site / f"{name}.py").write_text(MODULE.format(module=name, field=field))
    importlib.invalidate_caches()
    sys.modules.pop(name, None)


def _distribution(site: Path, name: str, version: str = "1.0", **entry_points: str) -> None:
    for old in site.glob(f"{name}-*.dist-info"):
        shutil.rmtree(old)
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (folder / "entry_points.txt").write_text("\n".join(["[stackyard.flavors]", *lines, ""]))
    importlib.invalidate_caches()


def _others(ctx: Context) -> dict[str, str]:
    return {view.name: view.source for view in list_flavors(ctx, ALERTER) if view.source}


def test_a_flavor_is_registered_by_its_name(site: Path, ctx: Context) -> None:
    _module(site)
    view = register_flavor(ctx, ALERTER, "pagers:PAGER")
    assert (view.name, view.doc, view.source, view.package) == ("pager", "Pages.", "pagers:PAGER", "")
    assert [(f.name, f.required, f.doc) for f in view.configuration] == [("number", True, "Where to send.")]
    _module(site, field="address")
    assert [f.name for f in register_flavor(ctx, ALERTER, "pagers:PAGER").configuration] == ["address"]
    assert len(ctx.registry.read().flavors) == 1


@pytest.mark.parametrize(
    ("component_type", "source", "error", "text"),
    [
        (ALERTER, "pagers", UnknownFlavorError, "names no flavor"),
        (ALERTER, "pagers:", UnknownFlavorError, "names no flavor"),
        (ALERTER, "pagers:NOTHING", UnknownFlavorError, "has no 'NOTHING'"),
        (ALERTER, "pagers:NUMBER", UnknownFlavorError, "is an int, not a flavor"),
        (ComponentType.ARTIFACT_STORE, "pagers:PAGER", UnknownFlavorError, "an alerter flavor, not an artifact store"),
        (ALERTER, "pagers:WEBHOOK", AlreadyExistsError, "comes with Stackyard"),
        (ALERTER, "pagers:DOTTED", UnknownFlavorError, "'a.b' can't be a flavor's name"),
        (ALERTER, "pagers:EMPTY", UnknownFlavorError, "names no module:attribute"),
        (ALERTER, "pagers:UNTYPED", UnknownFlavorError, "component_type is 'pager'"),
        (ALERTER, "pagers:UNSPEAKABLE", UnknownFlavorError, "can't be described"),
        (ALERTER, "pagers:NESTED", UnknownFlavorError, "can't be described: maximum recursion"),
        (ALERTER, "pagers:SILENT", UnknownFlavorError, "can't be described"),
        (ALERTER, "pagers:NAMELESS", UnknownFlavorError, "None can't be a flavor's name"),
        (ALERTER, "pagers:NO_MODEL", UnknownFlavorError, "can't be described"),
        (ALERTER, "nowhere:PAGER", PackageMissingError, "No module named 'nowhere'"),
        (ALERTER, "broken_import:X", PackageMissingError, "ZeroDivisionError"),
        (ALERTER, "broken_exit:X", PackageMissingError, "SystemExit: 3"),
    ],
)
def test_what_is_no_flavor_of_the_type_is_refused(
    site: Path, ctx: Context, component_type: ComponentType, source: str, error: type[StackyardError], text: str
) -> None:
    _module(site)
    (site / "broken_import.py").write_text("1 / 0")
    (site / "broken_exit.py").write_text("import sys; sys.exit(3)")
    before = ctx.registry.read()
    with pytest.raises(error) as caught:
        register_flavor(ctx, component_type, source)
    assert text in caught.value.message
    assert caught.value.hint
    assert ctx.registry.read() == before


def test_what_only_a_flavor_itself_can_check_is_refused_when_it_is_opened(site: Path, ctx: Context) -> None:
    """Patterns of pydantic that Python does not know, and kinds of errors of the flavor's own."""
    _module(site)
    register_flavor(ctx, ALERTER, "pagers:WORD")
    register_component(ctx, ALERTER, "mine", "word", {"word": "bad"})
    registry = ctx.registry.read()
    (component,) = registry.components_of(ALERTER)
    with pytest.raises(ComponentConfigurationError, match=r"word='\.\.\.': not this one"):
        open_component(component_spec(ctx, registry, component))


@pytest.mark.parametrize("number", ["NaN", "Infinity", float("inf")])
def test_a_number_that_json_can_not_hold_is_refused(site: Path, ctx: Context, number: object) -> None:
    _module(site)
    register_flavor(ctx, ALERTER, "pagers:WORD")
    with pytest.raises(ComponentConfigurationError, match="number must be a finite number"):
        register_component(ctx, ALERTER, "mine", "word", {"number": number})


def test_a_name_belongs_to_who_came_first(site: Path, ctx: Context) -> None:
    _module(site)
    _module(site, "pagers_too")
    register_flavor(ctx, ALERTER, "pagers:PAGER")
    with pytest.raises(AlreadyExistsError, match="already: pagers:PAGER") as caught:
        register_flavor(ctx, ALERTER, "pagers_too:PAGER")
    assert "stackyard alerter flavor delete pager" in caught.value.hint
    assert _others(ctx) == {"pager": "pagers:PAGER"}


def test_refreshing_goes_on_where_one_fails(site: Path, ctx: Context) -> None:
    _module(site)
    _distribution(site, "pagers", pager="pagers:PAGER", ours="pagers:WEBHOOK")
    _distribution(site, "broken", gone="broken_import:X")
    (site / "broken_import.py").write_text("1 / 0")
    problems: dict[str, StackyardError] = {}
    (view,) = refresh_flavors(ctx, problems.__setitem__)
    assert (view.name, view.package, view.version) == ("pager", "pagers", "1.0")
    assert set(problems) == {"pagers:WEBHOOK", "broken_import:X"}
    assert isinstance(problems["pagers:WEBHOOK"], AlreadyExistsError)
    assert isinstance(problems["broken_import:X"], PackageMissingError)


def test_refreshing_follows_a_package(site: Path, ctx: Context) -> None:
    """A new version is described anew, also from another module; a package that is gone takes its flavors along."""
    _module(site)
    _distribution(site, "pagers", pager="pagers:PAGER")
    refresh_flavors(ctx)
    _module(site, "pagers_moved", field="address")
    _distribution(site, "pagers", version="2.0", pager="pagers_moved:PAGER")
    (view,) = refresh_flavors(ctx)
    assert (view.source, view.version) == ("pagers_moved:PAGER", "2.0")
    assert [f.name for f in view.configuration] == ["address"]

    register_component(ctx, ALERTER, "night", "pager", {"address": "x"})
    _distribution(site, "pagers", version="3.0")
    problems: dict[str, StackyardError] = {}
    refresh_flavors(ctx, problems.__setitem__)
    assert "'pager' of 'night' comes with pagers" in problems["pagers_moved:PAGER"].message
    assert _others(ctx) == {"pager": "pagers_moved:PAGER"}

    delete_component(ctx, ALERTER, "night")
    assert refresh_flavors(ctx) == []


def test_refreshing_never_forgets_what_was_registered_by_hand(site: Path, ctx: Context) -> None:
    _module(site)
    register_flavor(ctx, ALERTER, "pagers:PAGER")
    (site / "pagers.py").unlink()
    sys.modules.pop("pagers")
    importlib.invalidate_caches()
    problems: dict[str, StackyardError] = {}
    assert [view.name for view in refresh_flavors(ctx, problems.__setitem__)] == ["pager"]
    assert isinstance(problems["pagers:PAGER"], PackageMissingError)


def test_refreshing_leaves_flavors_of_types_to_come(ctx: Context) -> None:
    newer = FlavorDescriptor(name="q", component_type="quantum", source="q:Q", package="not-installed-here")
    ctx.registry.change(lambda registry: registry.flavors.append(newer))
    refresh_flavors(ctx)
    assert ctx.registry.read().flavors == [newer]


def test_refreshing_nothing_writes_nothing(ctx: Context, home: Path) -> None:
    assert refresh_flavors(ctx) == []
    assert not home.exists()


def test_an_installed_flavor_is_discovered_by_its_name(site: Path, ctx: Context) -> None:
    _module(site)
    _distribution(site, "pagers", anything="pagers:PAGER")
    _distribution(site, "broken", other="broken_import:X")
    assert not discover_flavor(ctx, ComponentType.ARTIFACT_STORE, "pager")
    assert not discover_flavor(ctx, ALERTER, "webhook")
    assert discover_flavor(ctx, ALERTER, "pager")
    assert get_flavor(ctx, ALERTER, "pager").package == "pagers"
    assert not discover_flavor(ctx, ALERTER, "pager")
    with pytest.raises(PackageMissingError, match="broken_import"):
        discover_flavor(ctx, ALERTER, "other")


def test_a_flavor_is_forgotten_only_when_nothing_uses_it(site: Path, ctx: Context) -> None:
    _module(site)
    register_flavor(ctx, ALERTER, "pagers:PAGER")
    register_component(ctx, ALERTER, "night", "pager", {"number": "110"})
    with pytest.raises(InUseError, match="'night' uses it"):
        delete_flavor(ctx, ALERTER, "pager")
    with pytest.raises(ProtectedError):
        delete_flavor(ctx, ALERTER, "webhook")
    with pytest.raises(UnknownFlavorError):
        delete_flavor(ctx, ALERTER, "nothing")
    assert _others(ctx) == {"pager": "pagers:PAGER"}
    register_flavor(ctx, ALERTER, "pagers:PAGER")

    delete_component(ctx, ALERTER, "night")
    assert delete_flavor(ctx, ALERTER, "pager").name == "pager"
    assert _others(ctx) == {}
