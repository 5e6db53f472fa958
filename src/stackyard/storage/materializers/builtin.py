"""Values of Python itself: JSON for scalars and plain containers, text, bytes; cloudpickle as the last resort."""

from __future__ import annotations

import json
from io import FileIO
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError
from stackyard.model.plain import is_plain
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, Saved, type_path
from stackyard.storage.materializers.previews import pickle_preview, preview_of, text_preview


class JsonMaterializer(Materializer):
    """None, bool, int, float, and lists and dicts (with text keys) of these and of text."""

    name = "json"
    data_format = "json"
    types: ClassVar[tuple[str, ...]] = ("NoneType", "bool", "int", "float", "list", "dict")

    def accepts(self, value: Any) -> bool:
        """Tell whether JSON gives the very same value back."""
        return is_plain(value)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.json``."""
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        writer.write("data.json", text.encode("utf-8", errors="surrogatepass"))
        return Saved(shape=[len(value)] if isinstance(value, (list, dict)) else None, preview=preview_of(value))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.json``."""
        with FileIO(store.local_file(uri, manifest.files[0])) as file:  # every step comes here: no buffer
            data = file.readall()
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
        return Saved([len(value)], text_preview(value))

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
        return Saved([*shape] if plain and shape else None, pickle_preview(value, text))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Unpickle ``data.pickle``."""
        import pickle  # noqa: PLC0415

        return pickle.loads(store.local_file(uri, manifest.files[0]).read_bytes())  # noqa: S301  # marked unsafe


MATERIALIZERS: tuple[Materializer, ...] = (
    JsonMaterializer(),
    TextMaterializer(),
    BytesMaterializer(),
    PickleMaterializer(),
)
