"""Models in the catalog: what a run's model comes to, stages, and what is linked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.model.enums import Status
from stackyard.model.errors import AlreadyExistsError, InvalidNameError, ModelNotFoundError
from stackyard.model.options import ModelSpec
from stackyard.storage import notices
from stackyard.storage.catalog.reader import CatalogReader
from stackyard.storage.catalog.writer import NewStepRun, RunWriter
from stackyard.storage.home import Home
from stackyard.storage.ids import new_id
from tests.unit.storage.catalog_rows import PROJECT, manifest, new_run, open_catalog, start


@pytest.fixture
def own(home: Path) -> Home:
    return Home(home)


@pytest.fixture
def writer(own: Home) -> Iterator[RunWriter]:
    made = RunWriter(own, PROJECT)
    made.create_run(new_run())
    yield made
    made.close()


@pytest.fixture
def catalog(own: Home, writer: RunWriter) -> Iterator[CatalogReader]:
    made = open_catalog(own)
    yield made
    made.close()


def test_a_run_has_one_new_version_however_often_it_asks(own: Home, writer: RunWriter, catalog: CatalogReader) -> None:
    spec = ModelSpec(name="churn", license="MIT", tags=["nice"])
    first = writer.resolve_model(spec)
    assert (first.model, first.number, first.name, first.stage) == ("churn", 1, "", "")
    assert writer.resolve_model(spec) == first
    writer.set_run(Status.FAILED)
    again = RunWriter(own, PROJECT)
    again.reopen_run(writer.run_id)
    assert again.resolve_model(spec) == first, "gone on with"
    again.close()
    writer.create_run(new_run())
    assert writer.resolve_model(spec).number == 2
    assert [writer.resolve_model(ModelSpec(name="churn", version=v)).number for v in (1, "1", "latest")] == [1, 1, 2]
    model = catalog.find_model(PROJECT.id, "churn")
    assert model is not None
    assert (model.license, model.tags, model.n_versions, model.latest_version) == ("MIT", ["nice"], 2, 2)
    version = catalog.find_model_version(model.id, 1)
    assert version is not None
    assert (version.n_runs, version.tags) == (2, ["nice"])
    assert len(catalog.model_runs(version.id, limit=9, cursor=None).items) == 2
    assert catalog.find_runs(writer.run_id, None)[0].model_version_ids


def test_a_named_version_is_made_once_and_a_number_or_stage_must_be_there(
    writer: RunWriter, catalog: CatalogReader
) -> None:
    for version in (1, "7", "staging", "latest"):
        with pytest.raises(ModelNotFoundError):
            writer.resolve_model(ModelSpec(name="churn", version=version))
    assert catalog.list_models(None, limit=9, cursor=None).total == 0, "nothing is left of a refusal"
    named = writer.resolve_model(ModelSpec(name="churn", version="baseline"))
    assert (named.number, named.name) == (1, "baseline")
    assert writer.resolve_model(ModelSpec(name="churn", version="baseline")) == named
    with pytest.raises(ModelNotFoundError) as caught:
        writer.resolve_model(ModelSpec(name="churn", version=4))
    assert "1 (baseline)" in caught.value.hint
    for name in ("", "a/b"):
        with pytest.raises(InvalidNameError):
            writer.resolve_model(ModelSpec(name=name))
        if name:
            with pytest.raises(InvalidNameError):
                writer.resolve_model(ModelSpec(name="churn", version=name))


def test_what_a_model_says_of_itself_stays_and_the_difference_is_told(
    writer: RunWriter, catalog: CatalogReader
) -> None:
    told: list[str] = []
    notices.listen(told.append)
    try:
        writer.resolve_model(ModelSpec(name="churn", license="MIT", description="d"))
        writer.resolve_model(ModelSpec(name="churn"))
        writer.resolve_model(ModelSpec(name="churn", license="MIT"))
        assert told == []
        writer.resolve_model(ModelSpec(name="churn", license="GPL", ethics="e"))
    finally:
        notices.listen(lambda _notice: None)
    assert len(told) == 1
    assert "keeps its license, ethics" in told[0]
    model = catalog.find_model(PROJECT.id, "churn")
    assert model is not None
    assert (model.license, model.ethics) == ("MIT", "")


def test_outputs_become_part_of_the_model_version(writer: RunWriter, catalog: CatalogReader) -> None:
    ref = writer.resolve_model(ModelSpec(name="churn"))
    step = NewStepRun(new_id(), "train", 0, {}, [])
    writer.add_steps([step])
    start(writer, step.id, model_version_id=ref.model_version_id)
    model, metrics = manifest("model", step.id, writer.run_id), manifest("metrics", step.id, writer.run_id)
    writer.step_completed(
        step.id, [("model", model), ("metrics", metrics)], {}, model_version_id=ref.model_version_id,
        artifact_types={"model": "model"},
    )  # fmt: skip
    read = catalog.step_run(step.id)
    assert read is not None
    assert read.model_version_id == ref.model_version_id

    def linked(version_id: str, kind: str | None = None) -> list[tuple[str, str, str]]:
        page = catalog.model_artifacts(version_id, limit=9, cursor=None, artifact_type=kind)
        assert page.total == len(page.items)
        return [(a.artifact_name, a.artifact_type, a.step) for a in page.items]

    assert sorted(linked(ref.model_version_id)) == [("metrics", "", "train"), ("model", "model", "train")]
    assert linked(ref.model_version_id, "data") == [("metrics", "", "train")]
    writer.create_run(new_run())
    second = writer.resolve_model(ModelSpec(name="churn"))
    cached = NewStepRun(new_id(), "train", 0, {}, [])
    writer.add_steps([cached])
    writer.step_cached(
        cached.id, inputs={}, outputs={"model": model.id, "metrics": metrics.id}, cache_key="", parts=None,
        source_run_id="r", metadata={}, model_version_id=second.model_version_id, artifact_types={"model": "model"},
    )  # fmt: skip
    assert linked(second.model_version_id, "model") == [("model", "model", "train")]
    first = catalog.model_artifacts(second.model_version_id, limit=1, cursor=None)
    rest = catalog.model_artifacts(second.model_version_id, limit=1, cursor=first.next)
    assert (len(first.items), len(rest.items), rest.next) == (1, 1, None)


def test_lists_of_models_and_versions_come_in_pages(writer: RunWriter, catalog: CatalogReader) -> None:
    for n in range(5):
        writer.resolve_model(ModelSpec(name=f"m{n}", tags=["odd"] if n % 2 else None))
        writer.resolve_model(ModelSpec(name="m0", version=f"v{n}"))
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = catalog.list_models(PROJECT.id, limit=2, cursor=cursor)
        names += [m.name for m in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == [f"m{n}" for n in range(5)]
    assert [m.name for m in catalog.list_models(None, limit=9, cursor=None, tags=["odd"]).items] == ["m1", "m3"]
    assert [m.name for m in catalog.list_models(None, limit=9, cursor=None, name="M4").items] == ["m4"]
    assert catalog.list_models(None, limit=9, cursor=None, name="_").total == 0, "no wildcard"
    model = catalog.find_model(PROJECT.id, "m0")
    assert model is not None
    versions = catalog.list_model_versions(None, limit=4, cursor=None, model_id=model.id)
    rest = catalog.list_model_versions(None, limit=4, cursor=versions.next, model_id=model.id)
    assert [v.number for v in versions.items + rest.items] == [6, 5, 4, 3, 2, 1]
    assert catalog.list_model_versions(None, limit=9, cursor=None, stage="latest").total == 5
    assert [v.name for v in catalog.list_model_versions(None, limit=9, cursor=None, name="v3").items] == ["v3"]


def test_another_project_has_its_own_models(own: Home, writer: RunWriter, catalog: CatalogReader) -> None:
    from stackyard.storage.projects import Project

    writer.resolve_model(ModelSpec(name="churn"))
    other = RunWriter(own, Project("project-2", "other"))
    other.create_run(new_run())
    assert other.resolve_model(ModelSpec(name="churn")).number == 1
    other.close()
    assert catalog.list_models(PROJECT.id, limit=9, cursor=None).total == 1
    assert catalog.list_models(None, limit=9, cursor=None).total == 2


def test_numbers_and_names_of_versions_are_one_each(own: Home, writer: RunWriter) -> None:
    from stackyard.storage.catalog import models
    from stackyard.storage.catalog.connection import writing

    writer.resolve_model(ModelSpec(name="churn"))
    with writing(own) as sql:
        row = models.find_model(sql, PROJECT.id, "churn")
        assert row is not None
        first = models.find_model_version(sql, row["id"], 1)
        assert first is not None
        models.delete_version(sql, row, first)
    assert writer.resolve_model(ModelSpec(name="churn", version="a")).number == 2, "1 does not come back"
    with pytest.raises(AlreadyExistsError), writing(own) as sql:
        models.create_version(sql, row, name="a")
    with writing(own) as sql:
        assert sql.execute("SELECT COUNT(*) FROM model_versions").fetchone()[0] == 1
