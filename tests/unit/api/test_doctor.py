"""The doctor looks at a whole installation, goes on after each problem, and mends without losing anything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from stackyard.api import doctor
from stackyard.api.artifact_reindex import reindex
from stackyard.api.context import Context, open_context
from stackyard.api.projects import init_project
from stackyard.api.runs import get_run
from stackyard.api.secrets import create_secret
from stackyard.api.stacks import register_stack
from stackyard.model.enums import Status
from stackyard.model.stack_views import CheckView, FindingView
from stackyard.storage.catalog.connection import open_writer
from stackyard.storage.catalog.writer import NewRun, RunWriter
from stackyard.storage.ids import new_id
from stackyard.storage.locking import file_lock


@pytest.fixture
def ctx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    monkeypatch.setenv("HOME", str(tmp_path))  # the extensions of the user's own editors do not count
    folder = tmp_path / "project"
    folder.mkdir()
    init_project(folder)
    return open_context(folder)


def _problems(check: CheckView) -> dict[str, FindingView]:
    assert check.usable == (not any(f.severity == "error" for f in check.findings))
    for finding in check.findings:
        assert bool(finding.fix) == (finding.severity != "ok"), finding
    return {finding.code: finding for finding in check.findings if finding.severity != "ok"}


def test_a_fresh_home_is_in_order_and_looking_makes_nothing(ctx: Context) -> None:
    check = doctor.doctor(ctx)
    assert not _problems(check)
    assert [f.subject for f in check.findings] == [
        "environment", "home", "registry", "project 'project'", "stacks", "catalog",
    ]  # fmt: skip
    assert not ctx.home.exists()


def test_what_apply_would_refuse_in_the_project_s_file_is_told(ctx: Context) -> None:
    assert ctx.scope.root is not None
    (ctx.scope.root / "stackyard.yaml").write_text(
        "version: 1\nproject: {nam: x}\nstacks:\n  mine: {orchestrator: defalt, artifact_store: default}\n"
    )
    check = doctor.doctor(open_context(ctx.scope.root))
    found = [f for f in check.findings if f.severity == "error"]
    assert [(f.code, f.subject) for f in found] == [
        ("project_file", "stackyard.yaml:2"), ("project_file", "stackyard.yaml:4"),
    ]  # fmt: skip
    assert "Did you mean 'default'?" in found[1].fix
    (ctx.scope.root / "stackyard.yaml").write_text("")
    empty = _problems(doctor.doctor(open_context(ctx.scope.root)))["project_file"]
    assert (empty.subject, empty.fix) == ("stackyard.yaml", "Start it with: version: 1")


def test_the_doctor_goes_on_after_a_damaged_registry_and_repair_brings_back_the_last_good_copy(ctx: Context) -> None:
    register_stack(ctx, "mine", {"orchestrator": "default", "artifact_store": "default"})
    file = ctx.home_folder.registry_file
    damaged = file.read_text().replace('"mine"', '"newer_one"')[:-20]
    file.write_text(damaged)
    check = doctor.doctor(ctx)
    problem = _problems(check)["registry_damaged"]
    assert (problem.fix, check.usable) == (doctor.REPAIR, False)
    assert str(ctx.home_folder.registry_copy) in problem.message
    assert "catalog" in {f.subject for f in check.findings}
    done = doctor.repair(ctx)
    assert "newer_one" in next(f for f in done if f.code == "names_lost").message
    assert [s.name for s in ctx.registry.read().stacks] == ["default", "mine"]
    (kept,) = ctx.home.glob("registry.damaged-*.json")
    assert kept.read_text() == damaged
    assert doctor.doctor(ctx).usable
    assert doctor.repair(ctx) == []


def test_a_damaged_registry_without_a_good_copy_is_left_alone_and_the_fix_says_what_to_do(ctx: Context) -> None:
    register_stack(ctx, "mine", {"orchestrator": "default", "artifact_store": "default"})
    for file in (ctx.home_folder.registry_file, ctx.home_folder.registry_copy):
        file.write_text("{")
    problem = _problems(doctor.doctor(ctx))["registry_damaged"]
    assert problem.fix != doctor.REPAIR
    assert "mv " in problem.fix
    (refused,) = doctor.repair(ctx)
    assert refused.severity == "error"
    assert ctx.home_folder.registry_file.read_text() == "{"


def test_a_registry_of_a_newer_major_version_asks_for_an_upgrade(ctx: Context) -> None:
    ctx.home.mkdir(parents=True)
    ctx.home_folder.registry_file.write_text('{"format": "2.0"}')
    assert "upgrade" in _problems(doctor.doctor(ctx))["format_too_new"].fix
    assert doctor.repair(ctx)[0].severity == "error"
    assert ctx.home_folder.registry_file.read_text() == '{"format": "2.0"}'


def test_who_holds_the_registry_is_named(ctx: Context) -> None:
    ctx.home.mkdir(parents=True)
    with file_lock(ctx.home_folder.registry_lock, "registry"):
        problem = _problems(doctor.doctor(ctx))["registry_locked"]
    assert problem.fix == f"kill {os.getpid()}"
    assert "registry_locked" not in _problems(doctor.doctor(ctx))


def test_temporary_files_of_killed_processes_are_found_when_they_are_old_and_removed(ctx: Context) -> None:
    ctx.home.mkdir(parents=True)
    fresh, old = ctx.home / ".registry.json.1.aa.tmp", ctx.home / ".registry.json.2.bb.tmp"
    fresh.touch()
    old.touch()
    os.utime(old, (time.time() - 3600,) * 2)
    os.utime(fresh, (time.time() + 3600,) * 2)  # and stays so, however slow the machine is
    assert "1 temporary file " in _problems(doctor.doctor(ctx))["lost_files"].message
    doctor.repair(ctx)
    assert (fresh.exists(), old.exists()) == (True, False)


def test_secrets_whose_key_file_is_gone_are_an_error(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKYARD_SECRETS_BACKEND", "file")
    monkeypatch.setenv("STACKYARD_SECRETS_KEY_FILE", str(tmp_path / "secrets.key"))
    create_secret(ctx, "hub", {"token": "hush"})
    assert [f.message for f in doctor.doctor(ctx).findings if f.subject == "secrets"] == ["1 secret."]
    (tmp_path / "secrets.key").unlink()
    problem = _problems(doctor.doctor(ctx))["secrets_closed"]
    assert "secrets.key" in problem.message
    assert "STACKYARD_SECRETS_KEY_FILE" in problem.fix


def test_a_catalog_that_is_no_database_is_an_error_that_a_reindex_mends(ctx: Context) -> None:
    ctx.home.mkdir(parents=True)
    ctx.home_folder.catalog_file.write_bytes(b"no database" * 1000)
    problem = _problems(doctor.doctor(ctx))["catalog_damaged"]
    assert problem.fix == "stackyard artifact reindex"
    assert reindex(ctx).catalog == "replaced"
    assert not _problems(doctor.doctor(ctx))


def test_a_catalog_with_a_damaged_page_is_found(ctx: Context) -> None:
    ctx.home.mkdir(parents=True)
    connection = open_writer(ctx.home_folder)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.executemany("INSERT INTO changes (entity, id) VALUES ('run', ?)", [(f"{i:0100}",) for i in range(2000)])
    connection.close()
    assert not _problems(doctor.doctor(ctx))
    data = bytearray(ctx.home_folder.catalog_file.read_bytes())
    for start in range(len(data) // 2, len(data) // 2 + 8192):
        data[start] = 0xFF
    ctx.home_folder.catalog_file.write_bytes(data)
    assert "catalog_damaged" in _problems(doctor.doctor(ctx))


def test_runs_whose_driver_is_gone_are_recorded_by_repair(ctx: Context) -> None:
    run = NewRun(
        id=new_id(), pipeline="training", stack="default", stack_id="s", stack_origin="default", orchestrator="default",
        artifact_store="default", artifact_store_id="store",
    )  # fmt: skip
    ctx.home_folder.ensure("runs")
    writer = RunWriter(ctx.home_folder, ctx.scope)
    name = writer.create_run(run)
    writer.set_run(Status.RUNNING)
    writer.close()
    assert name in _problems(doctor.doctor(ctx))["runs_interrupted"].message
    assert [f.subject for f in doctor.repair(ctx)] == ["runs"]
    assert get_run(ctx, run.id).ended_at
    assert not _problems(doctor.doctor(ctx))


def test_an_extension_of_another_version_is_noticed(ctx: Context, tmp_path: Path) -> None:
    for version in ("0.0.9", "77.0.0", "9.0.0"):
        (tmp_path / ".vscode" / "extensions" / f"stackyard.stackyard-{version}-linux-x64").mkdir(parents=True)
    problem = _problems(doctor.doctor(ctx))["several_versions"]
    assert "77.0.0" in problem.message
    assert problem.fix.endswith('-m pip install "stackyard==77.0.0"')
