"""Values of Python itself come back from a store exactly: type, value, order, NaN and -0.0 included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.model.artifact import Manifest
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from tests.property.strategies import any_text, json_values, same, scalars


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalArtifactStore:
    return LocalArtifactStore(str(tmp_path_factory.mktemp("store")))


def _through(store: LocalArtifactStore, value: Any) -> tuple[Manifest, Any]:
    manifest = save_version(store, value, Origin("value"))
    assert store.read_manifest(manifest.uri) == manifest
    return manifest, load_version(store, manifest.uri)


plain = json_values(scalars | st.floats() | st.integers(-(10**400), 10**400))


@given(value=plain)
@example(value=float("nan"))
@example(value={"\ud800": "\udfff", "\U0001f600": [float("-inf"), -0.0]})
@example(value=[10**599, -(2**1999)])
def test_json_values_come_back_exactly(store: LocalArtifactStore, value: Any) -> None:
    manifest, found = _through(store, value)
    assert same(found, value)
    if not isinstance(value, str):
        assert (manifest.materializer, manifest.data_format, manifest.unsafe) == ("json", "json", False)


@given(value=plain)
def test_equal_values_have_equal_digests(store: LocalArtifactStore, value: Any) -> None:
    assert _through(store, value)[0].digest == _through(store, value)[0].digest


@given(value=any_text)
def test_texts_come_back_exactly_in_a_text_file(store: LocalArtifactStore, value: str) -> None:
    manifest, found = _through(store, value)
    assert found == value
    assert (manifest.materializer, manifest.shape) == ("text", [len(value)])


@given(value=st.binary(max_size=300))
def test_bytes_come_back_exactly(store: LocalArtifactStore, value: bytes) -> None:
    manifest, found = _through(store, value)
    assert found == value
    assert (Path(manifest.uri) / "data.bin").read_bytes() == value


class Text(str):
    """A subclass, whose class must not be lost."""

    __slots__ = ()


class Numbers(list[Any]):
    """As above."""


odd = st.one_of(
    any_text.map(Text), st.lists(st.integers()).map(Numbers), st.sampled_from([..., len, Text, (Text("x"), len)])
)


@given(value=odd)
def test_what_no_open_form_holds_is_pickled_and_marked(store: LocalArtifactStore, value: Any) -> None:
    manifest, found = _through(store, value)
    assert type(found) is type(value)
    assert found == value
    assert (manifest.unsafe, manifest.deterministic) == (True, False)


@given(value=plain | odd)
def test_every_manifest_is_strict_json_with_a_small_preview(store: LocalArtifactStore, value: Any) -> None:
    manifest, _ = _through(store, value)
    text = (Path(manifest.uri) / "manifest.json").read_text(encoding="utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
    assert len(text) < 200_000


@pytest.mark.parametrize(
    "value",
    [
        ["x" * 50] * 101,
        {str(i): [i] for i in range(101)},
        "x" * 100_000,
        [[[[0] * 100] * 100] * 10] * 2,
        {str(i): {str(j): ["text " * 100] * 9 for j in range(60)} for i in range(60)},
        ["x" * 10_000],
    ],
    ids=["list", "dict", "text", "nested lists", "nested dicts", "long text inside"],
)
def test_a_preview_of_a_large_value_is_cut_and_says_so(store: LocalArtifactStore, value: Any) -> None:
    manifest, found = _through(store, value)
    assert found == value
    assert manifest.preview.truncated
    assert len(manifest.preview.model_dump_json()) < 1_000_000


@pytest.mark.parametrize("value", [["x" * 50] * 100, {"a": {"b": [1, 2.5, None]}}, "short", [], 5])
def test_a_preview_of_a_small_value_is_the_value(store: LocalArtifactStore, value: Any) -> None:
    preview = _through(store, value)[0].preview
    assert not preview.truncated
    assert value in (preview.data, preview.text)


def test_a_value_that_holds_itself_is_kept(store: LocalArtifactStore) -> None:
    value: list[Any] = [1]
    value.append(value)
    manifest, found = _through(store, value)
    assert found[1] is found
    assert manifest.unsafe


def test_a_very_deep_value_is_kept(store: LocalArtifactStore) -> None:
    value: list[Any] = []
    for _ in range(250):
        value = [value]
    assert _through(store, value)[1] == value
