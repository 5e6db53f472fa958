"""What tests put into a catalog."""

from __future__ import annotations

from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.cache_key import CacheKeyParts
from stackyard.model.enums import MissReason
from stackyard.storage.catalog.connection import open_reader
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id, now
from stackyard.storage.projects import Project

PROJECT = Project("project-1", "churn")


def new_run(pipeline: str = "training", **changes: Any) -> NewRun:
    return NewRun(
        id=new_id(), pipeline=pipeline, stack="default", stack_id="s", stack_origin="default", orchestrator="default",
        artifact_store="default", artifact_store_id="store-1", **changes,
    )  # fmt: skip


def manifest(name: str, step_run_id: str = "", run_id: str = "") -> Manifest:
    return Manifest(
        id=new_id(), artifact_name=name, type="int", materializer="json", data_format="json", digest="sha256:0",
        size_bytes=1, files=[], uri=f"/store/{name}", step_run_id=step_run_id, run_id=run_id, created_at=now(),
    )  # fmt: skip


def start(writer: RunWriter, step_run_id: str, **changes: Any) -> None:
    """Record that a step begins."""
    facts: dict[str, Any] = {"inputs": {}, **changes}
    writer.step_started(
        step_run_id, pid=5, cache_key="k", parts=CacheKeyParts(), reason=MissReason.NEVER_RAN, detail="first", **facts
    )


def open_catalog(home: Home) -> CatalogReader:
    connection = open_reader(home)
    assert connection is not None
    return CatalogReader(connection, home)
