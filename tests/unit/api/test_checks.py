"""Checks of stacks and components: each thing that can be wrong is found, named, and has the command that mends it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.api import checks
from stackyard.api.checks import Installed, check_component, check_stack, check_stacks
from stackyard.api.components import register_component
from stackyard.api.context import Context, open_context
from stackyard.api.flavors import register_flavor
from stackyard.api.folder_checks import folder_findings
from stackyard.api.projects import init_project
from stackyard.api.secrets import create_secret
from stackyard.api.stacks import register_stack, set_active_stack
from stackyard.model.artifact import Manifest
from stackyard.model.enums import ComponentType, Status
from stackyard.model.flavor import FlavorDescriptor
from stackyard.model.stack import Registry, StackComponent
from stackyard.model.stack_views import CheckView, FindingView
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, NewStepRun, RunWriter
from stackyard.storage.ids import new_id

STORE = ComponentType.ARTIFACT_STORE
ALERTER = ComponentType.ALERTER

FLAVOR = '''\
from stackyard.flavors.base import ComponentConfiguration, Flavor
from stackyard.flavors.interfaces import Alerter, Finding
from stackyard.model.enums import ComponentType, Status


class Configuration(ComponentConfiguration):
    """What it takes."""

    token: str = "plain"
    """A text."""
    level: int = 1
    """A number."""


class Horn(Alerter):
    def __init__(self, configuration):
        self.token = configuration.token

    def run_ended(self, alert):
        pass

    def check(self):
        if self.token == "broken":
            raise RuntimeError("no horn here")
        return [Finding("warning", "quiet", f"The horn is quiet for {self.token}.", "Blow harder.")]


HORN = Flavor(
    name="horn", component_type=ComponentType.ALERTER, configuration_model=Configuration, doc="Blows a horn.",
    implementation="MODULE:Horn", requirements=(REQUIREMENTS),
)
'''


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("HOME", str(tmp_path))  # the extensions of the user's own editors do not count
    folder = tmp_path / "project"
    folder.mkdir()
    init_project(folder)
    return open_context(folder)


@pytest.fixture
def horn(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> str:
    """A flavor of the project's own, registered; its module's name."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    return _write_flavor(ctx)


def _write_flavor(ctx: Context, requirements: str = "") -> str:
    assert ctx.scope.root is not None
    module = f"horn_{os.urandom(4).hex()}"  # a module is imported once
    text = FLAVOR.replace("MODULE", module).replace("REQUIREMENTS", requirements)
    (ctx.scope.root / f"{module}.py").write_text(text)
    register_flavor(ctx, ALERTER, f"{module}:HORN")
    return module


def _change(ctx: Context, name: str, **fields: Any) -> None:
    """Change a component as an older version, another hand or a lost package would have left it."""

    def edit(registry: Registry) -> None:
        component = next(c for c in registry.components if c.name == name)
        for key, value in fields.items():
            setattr(component, key, value)

    ctx.registry.change(edit)


def _problems(check: CheckView) -> dict[str, FindingView]:
    assert check.usable == (not any(f.severity == "error" for f in check.findings))
    for finding in check.findings:
        assert bool(finding.fix) == (finding.severity != "ok"), finding
    return {finding.code: finding for finding in check.findings if finding.severity != "ok"}


def test_a_fresh_home_is_in_order_and_looking_makes_nothing(ctx: Context) -> None:
    check = check_stack(ctx)
    assert (check.subject, check.usable) == ("stack 'default'", True)
    assert [f.subject for f in check.findings] == ["orchestrator 'default'", "artifact store 'default'"]
    assert str(ctx.home / "artifact_stores" / "default") in check.findings[1].message
    assert not ctx.home.exists()


def test_a_flavor_that_is_not_known_any_more_is_an_error_that_names_flavor_refresh(ctx: Context) -> None:
    register_component(ctx, STORE, "blobs", "local", {})
    _change(ctx, "blobs", flavor="blobs")
    problems = _problems(check_component(ctx, STORE, "blobs"))
    assert "'blobs'" in problems["flavor_unknown"].message
    assert problems["flavor_unknown"].fix == "stackyard artifact-store flavor refresh"


def test_a_configuration_that_no_longer_fits_its_flavor_is_named_key_by_key(ctx: Context) -> None:
    register_component(ctx, ComponentType.ORCHESTRATOR, "my orchestrator", "local", {})
    _change(ctx, "my orchestrator", configuration={"max_workers": "many", "old": 1})
    problems = _problems(check_component(ctx, ComponentType.ORCHESTRATOR, "my orchestrator"))
    assert problems["attribute_unknown"].fix == "stackyard orchestrator remove-attribute 'my orchestrator' old"
    assert "max_workers='many'" in problems["configuration_refused"].message


def test_requirements_are_looked_for_in_the_environment_in_which_runs_start(ctx: Context, horn: str) -> None:
    def edit(registry: Registry) -> None:
        registry.flavors[0].requirements = ["no-such-package>=2", "pydantic>=2"]

    ctx.registry.change(edit)
    register_component(ctx, ALERTER, "h", "horn", {})
    here = _problems(check_component(ctx, ALERTER, "h"))
    assert here["requirement_missing"].fix == 'pip install "no-such-package>=2"'
    there = Installed({"no-such-package": "2.1"}, where="the environment of /x/python", pip="/x/python -m pip install")
    elsewhere = _problems(check_component(ctx, ALERTER, "h", live=False, installed=there))
    assert elsewhere["requirement_missing"].fix == '/x/python -m pip install "pydantic>=2"'
    assert "/x/python" in elsewhere["requirement_missing"].message
    assert not _problems(check_component(ctx, ALERTER, "h", live=False, installed=Installed(known=False)))


def test_the_package_that_brings_a_flavor_is_missed_and_a_new_version_of_it_noticed(ctx: Context) -> None:
    described = FlavorDescriptor(
        name="blobs", component_type=STORE, source="blobs.flavors:BLOBS", package="blob-store", version="1.0",
        configuration_schema={"type": "object", "properties": {}},
    )  # fmt: skip
    ctx.registry.change(lambda registry: registry.flavors.append(described))
    register_component(ctx, STORE, "b", "blobs", {})
    assert _problems(check_component(ctx, STORE, "b"))["package_missing"].fix == "pip install blob-store"
    newer = _problems(check_component(ctx, STORE, "b", live=False, installed=Installed({"blob-store": "1.1"})))
    assert newer["flavor_changed"].fix == "stackyard artifact-store flavor refresh"


def test_a_component_is_asked_itself_when_the_check_is_live(ctx: Context, horn: str) -> None:
    register_component(ctx, ALERTER, "h", "horn", {"token": "nights"})
    assert "nights" in _problems(check_component(ctx, ALERTER, "h"))["quiet"].message
    assert not _problems(check_component(ctx, ALERTER, "h", live=False))


def test_a_component_whose_own_check_fails_is_an_error_and_no_traceback(ctx: Context, horn: str) -> None:
    register_component(ctx, ALERTER, "h", "horn", {"token": "broken"})
    problem = _problems(check_component(ctx, ALERTER, "h"))["check_failed"]
    assert "RuntimeError: no horn here" in problem.message


def test_static_checks_import_nothing_of_a_flavor(ctx: Context, horn: str) -> None:
    """Given a flavor whose module does what it must not do in the server, a static check does not find out."""
    register_component(ctx, ALERTER, "h", "horn", {})
    register_stack(ctx, "loud", {"orchestrator": "default", "artifact_store": "default", "alerter": "h"})
    program = (
        "import sys; from stackyard.api.checks import check_stacks, check_stack; "
        "from stackyard.api.context import open_context; "
        f"ctx = open_context({str(ctx.scope.root)!r}); check_stacks(ctx); check_stack(ctx, 'loud', live=False); "
        f"assert {horn!r} not in sys.modules; check_stack(ctx, 'loud'); assert {horn!r} in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ctx.scope.root)
    assert done.returncode == 0, done.stderr


def test_a_secret_that_is_not_there_is_an_error_and_its_value_is_never_told(
    ctx: Context, horn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_component(ctx, ALERTER, "h", "horn", {"token": "{{horns.token}}"})
    problem = _problems(check_component(ctx, ALERTER, "h"))["secret_missing"]
    assert problem.fix == "stackyard secret create horns --token=-"
    monkeypatch.setenv("STACKYARD_SECRETS_KEY_FILE", str(ctx.home.parent / "secrets.key"))
    monkeypatch.setenv("STACKYARD_SECRETS_BACKEND", "file")
    create_secret(ctx, "horns", {"other": "something"})
    assert _problems(check_component(ctx, ALERTER, "h"))["secret_missing"].fix.startswith("stackyard secret update")
    monkeypatch.setenv("STACKYARD_SECRET__HORNS__TOKEN", "s3cr3t-value")
    (quiet,) = check_component(ctx, ALERTER, "h").findings
    assert quiet.message == "The horn is quiet for ***."


def test_a_stack_without_what_every_stack_has_is_not_usable(ctx: Context) -> None:
    register_component(ctx, STORE, "gone", "local", {})
    register_stack(ctx, "half", {"orchestrator": "default", "artifact_store": "gone"})

    def edit(registry: Registry) -> None:
        registry.components = [c for c in registry.components if c.name != "gone"]
        half = next(s for s in registry.stacks if s.name == "half")
        del half.components["orchestrator"]
        half.components["quantum_store"] = "x"

    ctx.registry.change(edit)
    problems = _problems(check_stack(ctx, "half"))
    assert problems["component_gone"].fix == "stackyard stack update half --artifact-store=default"
    assert problems["component_missing"].fix == "stackyard stack update half --orchestrator=default"
    assert "quantum_store" in problems["component_type_unknown"].message


def test_an_active_stack_that_is_gone_or_overridden_is_told(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    register_stack(ctx, "mine", {"orchestrator": "default", "artifact_store": "default"})
    set_active_stack(ctx, "mine")
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "default")
    problems = _problems(check_stack(ctx))
    assert problems["active_stack_overridden"].fix == "unset STACKYARD_ACTIVE_STACK"
    assert "'mine'" in problems["active_stack_overridden"].message
    monkeypatch.setenv("STACKYARD_ACTIVE_STACK", "nobody")
    assert set(_problems(check_stack(ctx))) == {"active_stack_gone"}


@pytest.mark.parametrize(
    ("content", "told", "fix"),
    [("{}", "is damaged", "stackyard stack set default --global"), ('{"format": "9.0"}', "has format 9.0", "Upgrade")],
)
def test_a_choice_of_the_active_stack_that_can_not_be_read_is_told_as_such(
    ctx: Context, content: str, told: str, fix: str
) -> None:
    ctx.home_folder.ensure()
    ctx.home_folder.active_stack_file.write_text(content, encoding="utf-8")
    found = check_stack(ctx)
    assert told in _problems(found)["active_stack_gone"].message
    assert _problems(found)["active_stack_gone"].fix.startswith(fix)
    assert "''" not in found.model_dump_json()


def test_all_stacks_at_once_are_those_with_problems_and_a_shared_component_is_looked_at_once(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_component(ctx, STORE, "lost", "local", {})
    for name in ("a", "b"):
        register_stack(ctx, name, {"orchestrator": "default", "artifact_store": "lost"})
    register_stack(ctx, "fine", {"orchestrator": "default", "artifact_store": "default"})
    _change(ctx, "lost", flavor="nowhere")
    looked: list[str] = []
    original = checks.Checker._component

    def counted(self: checks.Checker, component: StackComponent, subject: str) -> Iterator[FindingView]:
        looked.append(subject)
        return original(self, component, subject)

    monkeypatch.setattr(checks.Checker, "_component", counted)
    found = check_stacks(ctx)
    assert sorted(check.subject for check in found.values()) == ["stack 'a'", "stack 'b'"]
    assert sorted(looked) == ["artifact store 'default'", "artifact store 'lost'", "orchestrator 'default'"]


def test_a_store_whose_folder_is_gone_with_artifact_versions_is_a_warning_that_counts_them(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given two stores without folders, only the one that has something to miss is told of, by one question."""
    lost = register_component(ctx, STORE, "my lost", "local", {})
    register_component(ctx, STORE, "unused", "local", {})
    for name in ("my lost", "unused"):
        register_stack(ctx, name, {"orchestrator": "default", "artifact_store": name})
    _record_version(ctx, lost.id)
    asked: list[None] = []
    original = CatalogReader.count_versions

    def counted(self: CatalogReader) -> dict[str, int]:
        asked.append(None)
        return original(self)

    monkeypatch.setattr(CatalogReader, "count_versions", counted)
    for check in (check_component(ctx, STORE, "my lost"), check_stack(ctx, "my lost", live=False)):
        problem = _problems(check)["folder_gone"]
        assert (problem.severity, check.usable) == ("warning", True)
        assert f"{lost.configuration['path']} is gone, with 1 artifact version " in problem.message
        assert problem.fix == "stackyard artifact-store update 'my lost' --path=FOLDER"
    asked.clear()
    assert [check.subject for check in check_stacks(ctx).values()] == ["stack 'my lost'"]
    assert len(asked) == 1
    Path(lost.configuration["path"]).mkdir(parents=True)
    (ctx.home / "artifact_stores" / "unused").mkdir()
    asked.clear()
    assert check_stacks(ctx) == {}
    assert len(asked) == 1, "the default store has no folder yet"
    ctx.home_folder.catalog_file.write_bytes(b"no database" * 1000)
    assert check_stacks(ctx) == {}


def _record_version(ctx: Context, store_id: str) -> None:
    run = NewRun(
        id=new_id(), pipeline="p", stack="s", stack_id="s", stack_origin="default", orchestrator="default",
        artifact_store="s", artifact_store_id=store_id,
    )  # fmt: skip
    step = NewStepRun(new_id(), "load", 0, {}, [])
    manifest = Manifest(
        id=new_id(), artifact_name="data", type="int", materializer="json", data_format="json", digest="sha256:0",
        size_bytes=1, files=[],
    )  # fmt: skip
    ctx.home_folder.ensure("runs")
    writer = RunWriter(ctx.home_folder, ctx.scope)
    writer.create_run(run)
    writer.add_steps([step])
    writer.step_completed(step.id, [("data", manifest)], {})
    writer.set_run(Status.COMPLETED)
    writer.close()


# folders ------------------------------------------------------------------------------------------------------------


def _codes(path: Path, **how: Any) -> list[str]:
    return [finding.code for finding in folder_findings(path, "it", "elsewhere", **{"write": True, **how})]


def test_a_folder_that_can_be_made_or_written_is_fine_and_stays_as_it_was(tmp_path: Path) -> None:
    assert _codes(tmp_path / "a" / "b") == []
    assert _codes(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert _codes(tmp_path / "file") == ["not_a_folder"]
    assert _codes(tmp_path / "file" / "below") == ["not_a_folder"]


def test_a_folder_that_takes_no_file_is_an_error() -> None:
    """Given a folder that looks writable and takes no file (root may write everywhere else), writing tells."""
    (finding,) = folder_findings(Path("/proc/self"), "it", "elsewhere", write=True)
    assert (finding.code, finding.severity) == ("not_writable", "error")
    assert re.search("can't be written: .", finding.message)
    (finding,) = folder_findings(Path("/proc/foo"), "it", "elsewhere", write=True)
    assert (finding.code, finding.severity) == ("not_writable", "error")
    assert "/proc/foo can't be made in /proc: " in finding.message
    assert _codes(Path("/proc/foo"), write=False) == []


def test_a_nearly_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stackyard.api.folder_checks.LEAST_FREE_BYTES", 10**18)
    assert _codes(tmp_path) == ["disk_nearly_full"]


def test_a_network_file_system_is_a_warning_and_is_not_touched_by_static_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stackyard.api.folder_checks.network_file_system", lambda _: "nfs4")
    (tmp_path / "file").touch()
    assert _codes(tmp_path / "file") == ["network_file_system", "not_a_folder"]
    assert _codes(tmp_path / "file", write=False) == ["network_file_system"]
