"""Values of Python's own types, and containers of anything, come back exactly and from an open format."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.model.artifact import ArtifactFile, Manifest
from stackyard.model.errors import StackyardError
from stackyard.storage.ids import new_id
from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version
from stackyard.storage.materializers.scalars import DECODERS
from stackyard.storage.materializers.structure_reading import READERS
from tests.property import own_values as own
from tests.property.strategies import any_text


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> LocalArtifactStore:
    return LocalArtifactStore(str(tmp_path_factory.mktemp("store")))


@given(value=own.nested)
@example(value=own.Word.YES)
@example(value=[{"$tuple": 1}, {"$": {}}, {1: {2: 3}}])
def test_any_value_comes_back_exactly_and_equal_values_have_equal_bytes(store: LocalArtifactStore, value: Any) -> None:
    manifest = save_version(store, value, Origin("value"))
    assert store.read_manifest(manifest.uri) == manifest
    assert not manifest.unsafe
    found = load_version(store, manifest.uri)
    assert own.form(found) == own.form(value)
    again = save_version(store, found, Origin("value"))
    assert again.digest == manifest.digest


@given(members=st.lists(own.keys, max_size=8), seed=st.integers())
def test_sets_are_stored_in_an_order_of_their_own(store: LocalArtifactStore, members: list[Any], seed: int) -> None:
    one, other = set(members), set[Any]()
    for member in random.Random(seed).sample([*one], len(one)):
        other.add(member)
    first, second = (save_version(store, [value], Origin("value")) for value in (one, other))
    assert (first.digest, first.deterministic) == (second.digest, True)


@given(value=own.nested)
def test_files_and_manifests_are_json_for_any_reader(store: LocalArtifactStore, value: Any) -> None:
    manifest = save_version(store, [value, ()], Origin("value"))
    (file,) = manifest.files
    json.loads((Path(manifest.uri) / file.path).read_bytes().decode("utf-8", errors="surrogatepass"))
    text = (Path(manifest.uri) / "manifest.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=pytest.fail)
    assert len(text) < 200_000


HOSTILE = [
    *DECODERS,
    *READERS,
    "fields",
    "set",
    "factory",
    "member",
    "value",
    "class",
    "zone",
    "fold",
    "maxlen",
    "more",
]
OWN = "tests.property.own_values"
HINTS = [
    "os:system", f"{OWN}:Frozen", f"{OWN}:Model", f"{OWN}:Color", f"{OWN}:Point", "no.such:Thing", "pickle",
    "structure", "parts/0", "../..", "Path", "O", "<f8", "1/0", "list", "run.py:X", "__main__:X", ":", "",
    "Europe/Berlin", "../../etc/passwd", "2026-01-01", "NaN",
]  # fmt: skip
hostile = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(HINTS), any_text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(HOSTILE), inner, max_size=4),
    max_leaves=10,
)


def forged(store: LocalArtifactStore, data: bytes, more: dict[str, bytes] | None = None) -> str:
    """Put a version into the store whose structure somebody wrote by hand."""
    version = new_id()
    uri, writer = store.uri_of("forged", version), store.new_version("forged", version)
    for path, content in {"structure.json": data, **(more or {})}.items():
        writer.write(path, content)
    files: list[ArtifactFile] = writer.files
    store.finish(
        uri,
        Manifest(
            id=version, artifact_name="forged", type="list", materializer="structure", data_format="structure",
            digest=writer.digest(), size_bytes=len(data), files=files,
        ),
    )  # fmt: skip
    return uri


@given(node=hostile)
@example(node={"$range": [0, 10**30, 0]})
@example(node={"$datetime": "2026-01-01T00:00:00", "zone": [1e308]})
@example(node={"$numpy": "O", "value": 1})
@example(node={"$complex": {}})
@example(node={"$tuple": {"a": 1}})
def test_whatever_a_structure_says_it_ends_in_a_value_or_a_named_error(store: LocalArtifactStore, node: Any) -> None:
    data = json.dumps(node).encode()
    with contextlib.suppress(StackyardError):
        load_version(store, forged(store, data))


def _part(folder: str, materializer: str) -> bytes:
    return json.dumps({"$part": folder, "type": "x", "materializer": materializer, "data_format": "x"}).encode()


def _named(kind: str, path: str, **more: Any) -> bytes:
    return json.dumps({kind: path, "fields": {}, "set": [], **more}).encode()


PICKLE = b"cos\nsystem\n(S'false'\ntR."


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "can't be read"),
        (b"{", "can't be read"),
        (b"\xff\xfe", "can't be read"),
        (b'{"$tuple": [1,' + b'{"$tuple": [1' * 3, "can't be read"),
        (b"[" * 200_000 + b"]" * 200_000, "can't be read"),
        (b'{"$tuple":[' * 5_000 + b"]}" * 5_000, "can't be read"),
        (b'{"$nothing": 1}', "can't be read"),
        (b'{"$set": [[1]]}', "can't be read"),
        (b'{"$decimal": "x"}', "can't be read"),
        (b'{"$fraction": [1, 0]}', "can't be read"),
        (b'{"$int": "' + b"f" * 10 + b'g"}', "can't be read"),
        (b"1" * 5_000, "can't be read"),
        (b'{"$datetime": "2026-01-01T00:00:00", "zone": "No/Where"}', "zone 'No/Where'"),
        (_named("$dataclass", "os:system"), "not there"),
        (_named("$dataclass", "subprocess:Popen"), "no dataclass"),
        (_named("$enum", "builtins:print", value=1), "not there"),
        (_named("$enum", "enum:Flag", member="X"), "changed"),
        (_named("$pydantic", "builtins:dict"), "no pydantic model"),
        (_named("$namedtuple", "no_such_module_of_anyone:X"), "can't be imported"),
        (_named("$dataclass", "gone.py:X"), "not defined here"),
        (_named("$dataclass", "__main__:X"), "not defined here"),
        (_named("$dataclass", f"{OWN}:Frozen"), "has changed"),
        (_named("$dataclass", f"{OWN}:Frozen", fields={"value": 1, "more": 2}), "has changed"),
        (_named("$namedtuple", f"{OWN}:Point", fields={"y": 1, "x": 2}), "has changed"),
        (_named("$pydantic", f"{OWN}:Model", fields={"gone": 1}), "has changed"),
        (_named("$enum", f"{OWN}:Color", member="GREEN"), "has changed"),
        (_part("parts/0", "json"), "can't be read"),
        (_part("parts/../..", "json"), "can't be read"),
        (_part("parts/7", "pickle"), "calls the version safe"),
        (_part("parts/7", "os:system"), "no materializer"),
    ],
    ids=range(30),
)  # fmt: skip
def test_a_forged_structure_is_a_named_error(store: LocalArtifactStore, data: bytes, says: str) -> None:
    with pytest.raises(StackyardError, match=says) as caught:
        load_version(store, forged(store, data, {"parts/7/data.pickle": PICKLE}))
    assert caught.value.hint


@pytest.mark.parametrize("make", [list, dict, own.Frozen, own.Derived], ids=lambda make: make.__name__)
def test_what_holds_itself_is_pickled_and_shows_its_fields(store: LocalArtifactStore, make: Callable[..., Any]) -> None:
    inner: list[Any] = [1]
    inner.append(inner)
    value = make([("a", inner)]) if make in (list, dict) else make(inner)
    manifest = save_version(store, value, Origin("value"))
    assert manifest.unsafe
    load_version(store, manifest.uri)
    if make is own.Frozen:
        assert "value" in manifest.preview.data
