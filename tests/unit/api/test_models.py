"""Models as use cases, as ``Client`` gives them, and as ``Model`` stands for them in code."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.api import artifacts, models, tags
from stackyard.api.artifact_reindex import reindex
from stackyard.api.asking import answer_client
from stackyard.api.client import Client
from stackyard.api.context import Context, open_context
from stackyard.api.model import Model
from stackyard.api.responses import Resource
from stackyard.api.user_artifacts import link_artifact_to_model, save_artifact
from stackyard.model.enums import ModelStages
from stackyard.model.errors import (
    AlreadyExistsError,
    ArtifactNotFoundError,
    InUseError,
    InvalidNameError,
    ModelNotFoundError,
    NotFoundError,
    OptionError,
    UsageError,
)
from stackyard.model.options import ModelVersionRef
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, save_version


@pytest.fixture
def ctx(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    project = tmp_path / "project"
    (project / ".stackyard").mkdir(parents=True)
    monkeypatch.chdir(project)
    return open_context()


@pytest.fixture
def client(ctx: Context) -> Client:
    return Client()


def saved(ctx: Context, name: str, value: object, model_version_id: str = "", kind: str = "") -> str:
    """Store a value in the default artifact store; return the id of its version."""
    default = next(c for c in ctx.registry.read().components if c.component_type == "artifact_store")
    store = LocalArtifactStore(str(ctx.home_folder.artifact_stores / "default"))
    manifest = save_version(store, value, Origin(name))
    view = artifacts.record_version(
        ctx, manifest, store_id=default.id, store="default", save_type="manual", model_version_id=model_version_id,
        artifact_type=kind, tags=["fresh"],
    )  # fmt: skip
    return view.id


def test_a_model_from_registration_to_deletion(client: Client) -> None:
    made = client.create_model("churn", license="MIT", description="d", tags=["a"])
    with pytest.raises(AlreadyExistsError):
        client.create_model("churn")
    for wrong in ("a/b", "", "x" * 201):
        with pytest.raises(InvalidNameError):
            client.create_model(wrong)
    client.create_model("other")
    view = client.update_model(
        "churn", name="leaving", description="", ethics="e", add_tags=["b"], remove_tags=["a", "z"]
    )
    assert (view.id, view.name, view.license, view.description, view.ethics) == (made.id, "leaving", "MIT", "", "e")
    assert view.tags == ["b"]
    with pytest.raises(AlreadyExistsError):
        client.update_model("leaving", name="other", license="GPL")
    assert client.get_model(made.id[:30]).license == "MIT", "all or nothing"
    assert [m.name for m in client.list_models(tag="b")] == ["leaving"]
    assert [m.name for m in client.list_models(sort_by="desc:name", size=1)] == ["other"]
    with pytest.raises(ModelNotFoundError) as caught:
        client.get_model("leavign")
    assert "Did you mean 'leaving'?" in caught.value.hint
    client.create_model_version("leaving")
    client.delete_model("leaving")
    with pytest.raises(ModelNotFoundError):
        client.get_model("leaving")
    assert len(client.list_model_versions()) == 0


def test_versions_and_stages(client: Client) -> None:
    client.create_model("churn")
    with pytest.raises(ModelNotFoundError, match="has no version 'latest'"):
        client.get_model_version("churn")
    first = client.create_model_version("churn", name="baseline", tags=["t"])
    second = client.create_model_version("churn", description="better")
    for wrong in ("baseline", "3", "production", "latest"):
        with pytest.raises((AlreadyExistsError, InvalidNameError)):
            client.create_model_version("churn", name=wrong)
    assert client.create_model_version("churn").number == 3, "what was refused took no number"
    for wanted, number in ((1, 1), ("2", 2), ("baseline", 1), ("latest", 3), (None, 3), (second.id, 2)):
        assert client.get_model_version("churn", wanted).number == number, wanted
    assert client.get_model_version(first.id).number == 1
    first.set_stage(ModelStages.PRODUCTION)
    assert client.get_model_version("churn", "production").number == 1
    with pytest.raises(InUseError, match=r"Version 1 \(baseline\) of the model 'churn' is in production") as caught:
        second.set_stage("production")
    assert "--force" in caught.value.hint
    second.set_stage("production", force=True)
    assert [(v.number, v.stage) for v in client.list_model_versions("churn", sort_by="asc:number")] == [
        (1, "archived"), (2, "production"), (3, ""),
    ]  # fmt: skip
    second.set_stage("none")
    with pytest.raises(ModelNotFoundError, match="No version of the model 'churn' is in production") as nobody:
        client.get_model_version("churn", "production")
    assert "promote" in nobody.value.hint
    for wrong, word in (("prodution", "production"), ("latest", "by itself")):
        with pytest.raises(UsageError) as refused:
            second.set_stage(wrong)
        assert word in refused.value.hint
    with pytest.raises(UsageError, match="stage 'prod'"):
        client.list_model_versions("churn", stage="prod")
    assert [v.number for v in client.list_model_versions(stage="archived")] == [1]
    assert [v.number for v in client.list_model_versions(tag="t")] == [1]
    client.update_model_version("churn", 2, name="better")
    client.update_model_version("churn", "better", name="")
    with pytest.raises(ModelNotFoundError):
        client.delete_model_version("01a20000-0000")
    client.delete_model_version(first.id)
    assert [v.number for v in client.get_model("churn").versions] == [3, 2]


def test_what_belongs_to_a_version(ctx: Context, client: Client) -> None:
    client.create_model("churn")
    version = client.create_model_version("churn")
    old = saved(ctx, "classifier", {"depth": 3}, version.id, "model")
    new = saved(ctx, "classifier", {"depth": 5}, version.id, "model")
    saved(ctx, "scores", [1, 2], version.id)
    loose = saved(ctx, "loose", 1)
    model = Model("churn", version="latest")
    assert (model.number, model.stage, model.id, model.name) == (1, "", version.id, "churn")
    found = model.get_artifact("classifier")
    assert found is not None
    assert (found.id, found.load()) == (new, {"depth": 5})
    assert model.load_artifact("classifier", version=1) == {"depth": 3}
    assert model.get_model_artifact("scores") is None
    data = model.get_data_artifact("scores")
    assert data is not None
    assert data.load() == [1, 2]
    assert model.get_artifact("loose") is None
    with pytest.raises(ArtifactNotFoundError) as caught:
        model.load_artifact("clasifier")
    assert "Did you mean 'classifier'?" in caught.value.hint
    assert list(version.model_artifacts) == ["classifier"]
    assert list(version.data_artifacts) == ["scores"]
    models.link_artifact(ctx, version.id, loose, "deployment")
    assert list(version.deployment_artifacts) == ["loose"]
    with pytest.raises(UsageError):
        models.link_artifact(ctx, version.id, loose, "modle")
    with pytest.raises(InUseError, match="version 1 of model churn"):
        client.delete_artifact_version(loose)
    model.delete_artifact("loose")
    client.delete_artifact_version(loose, delete_from_artifact_store=True)
    with pytest.raises(ArtifactNotFoundError):
        client.get_artifact_version("loose")
    assert not (ctx.home_folder.artifact_stores / "default" / "artifacts" / "loose").exists()
    model.log_metadata({"accuracy": 0.9})
    model.log_metadata({"loss": 1})
    assert model.run_metadata == {"accuracy": 0.9, "loss": 1}
    details = models.get_version(ctx, "churn", details=True)
    assert [(a.artifact_name, a.version, a.artifact_type) for a in details.artifacts] == [
        ("scores", 1, ""), ("classifier", 2, "model"), ("classifier", 1, "model"),
    ]  # fmt: skip
    client.delete_model("churn")
    assert client.get_artifact_version(old).tags == ["fresh"], "artifact versions stay"


def test_tags_and_metadata_on_anything(ctx: Context, client: Client) -> None:
    client.create_model("churn")
    version = client.create_model_version("churn")
    artifact = saved(ctx, "data", 1)
    things = [Resource(version.id, "model_version"), Resource(artifact, "artifact_version")]
    client.attach_tag("nightly", things)
    client.create_run_metadata({"rows": 3}, things)
    client.update_artifact("data", add_tags=["raw"])
    assert client.get_tag("nightly").things == {"artifact_version": 1, "model_version": 1}
    assert [t.name for t in client.list_tags()] == ["fresh", "nightly", "raw"]
    assert [v.id for v in client.list_artifact_versions(tags=["nightly", "fresh"])] == [artifact]
    assert client.get_artifact("data").tags == ["raw"]
    assert client.list_artifacts(tag="raw")[0].name == "data"
    assert client.get_artifact_version("data").run_metadata == {"rows": 3}
    client.update_tag("nightly", name="weekly")
    client.update_tag("weekly", name="fresh")
    assert client.get_artifact_version("data").tags == ["fresh"]
    client.detach_tag("fresh", [Resource(artifact, "artifact_version")])
    client.delete_tag("raw")
    assert client.get_tag("fresh").n_things == 1
    with pytest.raises(NotFoundError) as caught:
        client.get_tag("frehs")
    assert "Did you mean 'fresh'?" in caught.value.hint
    with pytest.raises(InvalidNameError):
        client.attach_tag("a\nb", things)
    with pytest.raises(UsageError, match="no metadata"):
        client.create_run_metadata({"a": 1}, [Resource("1", "artifact")])
    with pytest.raises(UsageError):
        client.attach_tag("x", [artifact])  # type: ignore[list-item]  # what a user may try
    assert tags.list_tags(ctx)[0].name == "fresh"


def test_a_step_asks_its_driver_the_same(ctx: Context, client: Client) -> None:
    made = client.create_model("churn")
    version = client.create_model_version("churn")
    saved(ctx, "data", [1], version.id)
    answer = answer_client(ctx, "get_model_version", {"model_name_or_id": "churn"})
    assert answer["view"]["id"] == version.id
    assert answer_client(ctx, "get_model", {"model_name_or_id": made.id})["view"]["name"] == "churn"
    page = answer_client(ctx, "list_model_version_artifact_links", {"model_version_id": version.id})
    assert [item["artifact_name"] for item in page["items"]] == ["data"]
    assert answer_client(ctx, "active_stack", {})["name"] == "default"
    answer_client(ctx, "attach_tag", {"tag": "t", "resources": [{"id": version.id, "type": "model_version"}]})
    assert client.get_model_version("churn").tags == ["t"]
    for method, arguments in (
        ("replay_pipeline_run", {"name_id_or_prefix": "x"}), ("nonsense", {}), ("__init__", {}),
        ("get_model", {"nme": "churn"}), ("get_model", {"model_name_or_id": ["churn"]}),
        ("activate_stack", {"stack_name_id_or_prefix": "default"}),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            answer_client(ctx, method, arguments)


def test_a_model_in_code(client: Client) -> None:
    model = Model("churn", version=ModelStages.PRODUCTION, tags="nightly", license="MIT")
    spec = model.__stackyard_model__()
    assert (spec.name, spec.version, spec.tags, spec.license) == ("churn", "production", ["nightly"], "MIT")
    assert repr(Model("churn", 3)) == "Model('churn', version=3)"
    assert Model("churn", 3) == Model("churn", 3) != Model("churn", 4)
    with pytest.raises(ModelNotFoundError):
        _ = model.number
    for wrong in ({"name": 3}, {"name": "churn", "version": 1.5}, {"name": "churn", "license": 3}):
        with pytest.raises(OptionError, match="Model"):
            Model(**wrong)
    client.create_model("churn")
    version = client.create_model_version("churn")
    client.create_model_version("churn")
    ref = ModelVersionRef(model_version_id=version.id, model="churn", number=1)
    assert Model.of_version(ref).number == 1


def test_what_zenml_has_and_this_has_not_says_why(client: Client) -> None:
    with pytest.raises(UsageError) as caught:
        client.create_service_connector("x")
    assert "secret" in caught.value.hint
    with pytest.raises(AttributeError, match="Did you mean 'get_pipeline_run'"):
        client.get_pipelin_run("x")


def test_what_belongs_to_a_version_by_hand_is_what_a_lost_catalog_comes_back_with(ctx: Context, client: Client) -> None:
    client.create_model("churn")
    version = client.create_model_version("churn")
    saved_versions = [save_artifact(1, name=name) for name in ("first", "stays", "goes")]
    for one in saved_versions:
        link_artifact_to_model(one, Model(name="churn", version=version.number))
    models.unlink_artifacts(ctx, version.id, [saved_versions[2].id])
    for path in ctx.home.glob("catalog.db*"):
        path.unlink()
    reindex(ctx)
    assert set(client.get_model_version("churn", 1).data_artifacts) == {"first", "stays"}
