"""Materializers of users, of both styles: what they get, what becomes of what they do, and what is said of mistakes."""

# ruff: noqa: PTH118  # as ZenML's users write it

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

import stackyard
from stackyard.model.artifact import Manifest
from stackyard.model.errors import MaterializationError, PackageMissingError, StackyardError
from stackyard.storage.materializers import registered
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.contract.stores import Bench


class Shape:
    def __init__(self, corners: int) -> None:
        self.corners = corners


class Square(Shape):
    pass


class ShapeMaterializer(stackyard.BaseMaterializer):
    """As a user of ZenML writes it."""

    ASSOCIATED_TYPES = (Shape,)
    ASSOCIATED_ARTIFACT_TYPE = stackyard.ArtifactType.DATA

    def load(self, data_type: type[Any]) -> Any:
        super().load(data_type)
        with self.artifact_store.open(os.path.join(self.uri, "deep", "shape.json"), "r") as file:
            return data_type(**json.load(file))

    def save(self, data: Any) -> None:
        super().save(data)
        self.artifact_store.makedirs(os.path.join(self.uri, "deep"))
        with self.get_temporary_directory(delete_at_exit=True) as folder:
            draft = Path(folder, "draft.json")
            draft.write_text(json.dumps({"corners": data.corners}))
            self.artifact_store.copyfile(str(draft), os.path.join(self.uri, "deep", "shape.json"))
        assert self.artifact_store.exists(os.path.join(self.uri, "deep", "shape.json"))
        assert self.artifact_store.listdir(self.uri) == ["deep"]

    def save_visualizations(self, data: Any) -> dict[str, stackyard.VisualizationType]:
        path = os.path.join(self.uri, "shown.md")
        Path(path).write_text(f"**{data.corners}** corners")
        return {path: stackyard.VisualizationType.MARKDOWN}

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {"corners": data.corners, "where": Path("somewhere")}


def through(bench: Bench, value: Any, *materializers: type) -> tuple[Manifest, Any]:
    manifest = save_version(bench.store, value, Origin("value"), materializers=materializers)
    assert bench.store.verify(manifest.uri) == manifest
    return manifest, load_version(bench.store, manifest.uri)


@pytest.mark.parametrize("value", [Shape(3), Square(4)], ids=["the type", "a type below"])
def test_one_of_zenml_s_kind_stores_its_types_once_it_is_there(bench: Bench, value: Shape) -> None:
    manifest, found = through(bench, value)
    assert manifest.materializer == f"{__name__}:ShapeMaterializer"
    assert sorted(file.path for file in manifest.files) == ["deep/shape.json", "shown.md"]
    assert json.loads(bench.read(manifest.uri, "deep/shape.json")) == {"corners": value.corners}
    assert (type(found), found.corners) == (Shape, value.corners)
    assert (manifest.preview.kind, manifest.preview.text) == ("markdown", f"**{value.corners}** corners")
    assert manifest.metadata == {"corners": value.corners, "where": "somewhere"}
    assert (manifest.deterministic, manifest.unsafe) == (False, False)


def test_it_stores_what_is_in_containers_too(bench: Bench) -> None:
    manifest, found = through(bench, {"a": [Shape(1), Shape(2)], "b": 3})
    assert [shape.corners for shape in found["a"]] == [1, 2]
    assert not manifest.unsafe
    assert not manifest.deterministic


class Point:
    x = 1


class PointMaterializer(stackyard.Materializer):
    types = (Point,)
    deterministic = True

    def save(self, value: Any, writer: Any) -> None:
        writer.write("point", str(value.x).encode())

    def load(self, store: Any, uri: str, manifest: Manifest) -> Any:
        point = Point()
        point.x = int(store.local_file(uri, manifest.files[0]).read_text())
        return point


class Skipped(stackyard.BaseMaterializer):
    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Point,)
    SKIP_REGISTRATION = True
    seen: ClassVar[list[Any]] = []

    def save(self, data: Any) -> None:
        Path(self.uri, "x").write_text(str(data.x))

    def load(self, data_type: type[Any]) -> Any:
        Skipped.seen.append(data_type)
        return data_type()


def test_ours_and_those_that_are_only_named(bench: Bench) -> None:
    manifest, found = through(bench, Point())
    assert (manifest.materializer, manifest.deterministic, found.x) == (f"{__name__}:PointMaterializer", True, 1)
    manifest, _ = through(bench, Point(), Skipped)
    assert (manifest.materializer, Skipped.seen[-1]) == (f"{__name__}:Skipped", Point)


def test_a_class_below_a_skipped_one_decides_on_its_own() -> None:
    class Below(Skipped):
        ASSOCIATED_TYPES = (Square,)

    assert registered.for_type(f"{__name__}.Square") is Below
    registered._classes.remove(Below)
    assert registered.for_type(f"{__name__}.Square") is None


def test_types_that_stackyard_stores_itself_stay_with_it(bench: Bench) -> None:
    class Greedy(stackyard.BaseMaterializer):
        ASSOCIATED_TYPES = (dict, object)

        def save(self, data: Any) -> None:
            raise AssertionError

        def load(self, data_type: type[Any]) -> Any: ...

    try:
        assert through(bench, {"a": 1})[0].materializer == "json"
    finally:
        registered._classes.remove(Greedy)


class Broken(stackyard.BaseMaterializer):
    """Does what its value says, wrongly."""

    SKIP_REGISTRATION = True
    ASSOCIATED_TYPES = (Point,)

    def save(self, data: Any) -> None:
        if data.x == "raises":
            raise KeyError("colour")
        if data.x == "outside":
            self.artifact_store.open(os.path.join(self.uri, "..", "elsewhere"), "w")
        if data.x != "nothing":
            Path(self.uri, "x").write_text(data.x)

    def load(self, data_type: type[Any]) -> Any:
        text = Path(self.uri, "x").read_text()
        if text == "load raises":
            raise ValueError("no colour")
        if text == "load imports":
            import paint_that_nobody_has  # type: ignore[import-not-found]  # noqa: F401
        return 5 if text == "load gives another" else Point()

    def save_visualizations(self, data: Any) -> dict[str, Any]:
        raise RuntimeError("no canvas")

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        raise RuntimeError("no ruler")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("raises", r"Broken can't store a value of type \S+Point: KeyError: 'colour'"),
        ("outside", "would change .*elsewhere, which lies outside of its folder"),
        ("nothing", "Broken wrote no file for a value"),
    ],
)
def test_a_mistake_while_storing_is_named_and_leaves_nothing(bench: Bench, what: str, said: str) -> None:
    value = Point()
    value.x = what  # type: ignore[assignment]
    with pytest.raises(MaterializationError, match=said) as caught:
        save_version(bench.store, value, Origin("value"), materializers=[Broken])
    assert caught.value.hint
    assert list(bench.store.versions()) == []


@pytest.mark.parametrize(
    ("what", "error", "said"),
    [
        ("load raises", MaterializationError, "Broken can't load a value of type .*: ValueError: no colour"),
        ("load imports", PackageMissingError, "needs the module 'paint_that_nobody_has'"),
        ("load gives another", MaterializationError, "gave a value of type int back, where one of type .*Point"),
    ],
)
def test_a_mistake_while_loading_is_named(
    bench: Bench, what: str, error: type[StackyardError], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    value = Point()
    value.x = what  # type: ignore[assignment]
    manifest = save_version(bench.store, value, Origin("value"), materializers=[Broken])
    assert "Broken gave no visualizations of a value: RuntimeError: no canvas" in caplog.text
    assert "Broken gave no metadata of a value: RuntimeError: no ruler" in caplog.text
    with pytest.raises(error, match=said):
        load_version(bench.store, manifest.uri)


def test_one_of_a_script_is_found_where_the_script_is(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    script = type(sys)("__main__")
    script.__file__ = "/somewhere/draw.py"
    monkeypatch.setitem(sys.modules, "__main__", script)
    namespace = {"__module__": "__main__", "save": Skipped.save, "load": Skipped.load, "ASSOCIATED_TYPES": (Point,)}
    made = type("Drawn", (stackyard.BaseMaterializer,), {**namespace, "__qualname__": "Drawn"})
    try:
        manifest, _ = through(bench, Point(), made)
        assert manifest.materializer == "__main__:Drawn@draw.py"
        assert registered.by_reference("draw:Drawn") is made, "as `stackyard run draw.py` names it"
        assert registered.by_reference("other:Drawn") is None
    finally:
        registered._classes.remove(made)
    with pytest.raises(
        MaterializationError, match=r"Drawn is defined in the script draw\.py, which no other"
    ) as caught:
        load_version(bench.store, manifest.uri)
    assert "move the class into a module" in caught.value.hint


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("html", "<b>x</b>", {"kind": "html", "text": "<b>x</b>"}),
        ("csv", "a,b\n1,2\n3,4\n", {"kind": "table", "n_rows": 2, "n_columns": 2, "rows": [["1", "2"], ["3", "4"]]}),
        ("json", '{"a": 1}', {"kind": "json", "data": {"a": 1}}),
        ("json", "{", {"kind": "text", "text": "{"}),
        ("image", "", {"kind": "image", "image_file": "shown"}),
    ],
)
def test_visualizations_become_previews(bench: Bench, kind: str, content: str, expected: dict[str, Any]) -> None:
    class Shown(stackyard.BaseMaterializer):
        SKIP_REGISTRATION = True

        def save(self, data: Any) -> None:
            Path(self.uri, "data").write_text("x")

        def load(self, data_type: type[Any]) -> Any: ...

        def save_visualizations(self, data: Any) -> dict[str, Any]:
            Path(self.uri, "shown").write_text(content)
            return {
                os.path.join(self.uri, "..", "outside"): stackyard.VisualizationType.HTML,
                os.path.join(self.uri, "shown"): stackyard.VisualizationType(kind),
            }

    manifest = save_version(bench.store, Point(), Origin("value"), materializers=[Shown])
    shown = manifest.preview.model_dump()
    assert {key: shown[key] for key in expected} == expected
