"""Values of Python itself: JSON for scalars and plain containers, text, bytes; cloudpickle as the last resort."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import PREVIEW_CELL, PREVIEW_TEXT, Materializer, Saved, type_path

_PREVIEW_ITEMS = 100
"""Of one list or dict."""
_PREVIEW_TOTAL = 1000
"""Of a whole value, however it is nested."""
_PREVIEW_DEPTH = 6
_MAX_DEPTH = 200
_MAX_INTEGER_BITS = 2000
"""Larger integers can't be written as decimals when the user has set Python's limit low (640 digits at least)."""


class JsonMaterializer(Materializer):
    """None, bool, int, float, and lists and dicts (with text keys) of these and of text."""

    name = "json"
    data_format = "json"
    types: ClassVar[tuple[str, ...]] = ("NoneType", "bool", "int", "float", "list", "dict")

    def accepts(self, value: Any) -> bool:
        """Tell whether JSON gives the very same value back."""
        return _is_plain(value, _MAX_DEPTH)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.json``."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        writer.write("data.json", text.encode("utf-8", errors="surrogatepass"))
        return Saved(shape=[len(value)] if isinstance(value, (list, dict)) else None, preview=_preview(value))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.json``."""
        data = store.local_file(uri, manifest.files[0]).read_bytes()
        return json.loads(data.decode("utf-8", errors="surrogatepass"))


class TextMaterializer(Materializer):
    """A text, as UTF-8."""

    name = "text"
    data_format = "text"
    types: ClassVar[tuple[str, ...]] = ("str",)

    def accepts(self, value: Any) -> bool:
        """Take texts, not subclasses, whose class would be lost."""
        return type(value) is str

    def save(self, value: str, writer: VersionWriter) -> Saved:
        """Write ``data.txt``."""
        writer.write("data.txt", value.encode("utf-8", errors="surrogatepass"))
        shown = _shown(value[:PREVIEW_TEXT])
        return Saved([len(value)], Preview(kind="text", text=shown, truncated=len(value) > PREVIEW_TEXT))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> str:
        """Read ``data.txt``."""
        return store.local_file(uri, manifest.files[0]).read_bytes().decode("utf-8", errors="surrogatepass")


class BytesMaterializer(Materializer):
    """Raw bytes."""

    name = "bytes"
    data_format = "binary"
    types: ClassVar[tuple[str, ...]] = ("bytes",)

    def accepts(self, value: Any) -> bool:
        """Take bytes, not subclasses."""
        return type(value) is bytes

    def save(self, value: bytes, writer: VersionWriter) -> Saved:
        """Write ``data.bin``."""
        writer.write("data.bin", value)
        return Saved([len(value)], Preview(kind="none", text=f"{len(value):,} bytes"))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> bytes:
        """Read ``data.bin``."""
        return store.local_file(uri, manifest.files[0]).read_bytes()


class PickleMaterializer(Materializer):
    """Anything else, by cloudpickle. Marked unsafe: loading runs code that the data names."""

    name = "pickle"
    data_format = "pickle"
    deterministic = False
    unsafe = True

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.pickle``.

        Raises:
            MaterializationError: the value can't be pickled.
        """
        import cloudpickle  # noqa: PLC0415  # only values without a better format need it

        try:
            data = cloudpickle.dumps(value)
        except Exception as error:  # any class can raise anything from __reduce__
            raise MaterializationError(
                f"A value of type {type_path(value)} can't be stored: {type(error).__name__}: {error}.",
                hint="Return a value that can be pickled (no open files, locks, connections or generators).",
            ) from error
        writer.write("data.pickle", data)
        shape = getattr(value, "shape", None)
        plain = isinstance(shape, tuple) and all(type(n) is int for n in shape)
        text = f"{type_path(value)}, stored as a pickle: it is never unpickled to be shown."
        return Saved([*shape] if plain and shape else None, Preview(kind="none", text=text))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Unpickle ``data.pickle``."""
        import pickle  # noqa: PLC0415

        return pickle.loads(store.local_file(uri, manifest.files[0]).read_bytes())  # noqa: S301  # marked unsafe


def _is_plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind is int:
        return bool(value.bit_length() <= _MAX_INTEGER_BITS)
    if value is None or kind in (bool, float, str):
        return True
    if depth == 0:
        return False
    if kind is list:
        return all(_is_plain(item, depth - 1) for item in value)
    return kind is dict and all(type(key) is str and _is_plain(item, depth - 1) for key, item in value.items())


def _preview(value: Any) -> Preview:
    if (
        isinstance(value, dict)
        and 0 < len(value) <= _PREVIEW_ITEMS
        and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value.values())
    ):
        return Preview(kind="metrics", data={_shown(k): _cut(v, 1, [1])[0] for k, v in value.items()})
    data, truncated = _cut(value, _PREVIEW_DEPTH, [_PREVIEW_TOTAL])
    return Preview(kind="json", data=data, truncated=truncated)


def _shown(text: str) -> str:
    """Return a text without lone surrogates, which no manifest can hold."""
    return text.encode("utf-8", errors="replace").decode()


def _cut(value: Any, depth: int, room: list[int]) -> tuple[Any, bool]:
    """Return a small, strictly valid JSON value and whether something was left out.

    Args:
        value: a JSON value of Python.
        depth: levels of lists and dicts to show.
        room: holds how many more items may be shown; is counted down.
    """
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124  # NaN
        return str(value), False
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value), False
    if isinstance(value, str):
        shown = _shown(value)
        return (shown, False) if len(shown) <= PREVIEW_CELL * 5 else (shown[: PREVIEW_CELL * 5] + "…", True)
    if isinstance(value, (list, dict)) and depth == 0:
        return "…", True
    if isinstance(value, list):
        parts = [_cut(item, depth - 1, room) for item in value[: _take(value, room)]]
        return [p[0] for p in parts], len(value) > len(parts) or any(p[1] for p in parts)
    if isinstance(value, dict):
        found = {k: _cut(v, depth - 1, room) for k, v in islice(value.items(), _take(value, room))}
        cut = len(value) > len(found) or any(p[1] for p in found.values())
        return {_shown(k): p[0] for k, p in found.items()}, cut
    return value, False


def _take(container: list[Any] | dict[str, Any], room: list[int]) -> int:
    taken = min(len(container), _PREVIEW_ITEMS, max(0, room[0]))
    room[0] -= taken
    return taken


MATERIALIZERS: tuple[Materializer, ...] = (
    JsonMaterializer(),
    TextMaterializer(),
    BytesMaterializer(),
    PickleMaterializer(),
)
