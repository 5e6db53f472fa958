"""numpy arrays and scalars as ``.npy``; images as PNG."""

from __future__ import annotations

from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import PREVIEW_COLUMNS, PREVIEW_ROWS, Materializer, Saved, safe_cell


class NumpyMaterializer(Materializer):
    """An array or a numpy scalar, in numpy's own open format. Arrays load memory-mapped, copy on write."""

    name = "numpy"
    data_format = "npy"
    types: ClassVar[tuple[str, ...]] = ("numpy.ndarray", "numpy.generic")

    def accepts(self, value: Any) -> bool:
        """Refuse arrays of Python objects, which only pickle can hold, and subclasses, whose class would be lost."""
        import numpy as np  # noqa: PLC0415

        plain = type(value) is np.ndarray or isinstance(value, np.generic)
        return plain and not value.dtype.hasobject and value.dtype.metadata is None

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.npy``."""
        import numpy as np  # noqa: PLC0415

        array = np.asarray(value)
        with writer.open("data.npy") as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
        return Saved([int(n) for n in array.shape], _preview(array))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Map ``data.npy``; writing to the array never reaches the file."""
        import numpy as np  # noqa: PLC0415

        path = store.local_file(uri, manifest.files[0])
        if not manifest.shape or 0 in manifest.shape:
            array = np.load(path, allow_pickle=False)
            return array[()] if "ndarray" not in manifest.type else array
        return np.asarray(np.load(path, mmap_mode="c", allow_pickle=False))


def _preview(array: Any) -> Preview:
    if array.ndim in (1, 2) and array.size:
        head = array[:PREVIEW_ROWS]
        table = head.reshape(len(head), -1)[:, :PREVIEW_COLUMNS]
        names = [str(i) for i in range(table.shape[1])] if array.ndim == 2 else ["value"]
        if array.dtype.names:
            return Preview(kind="none", text=f"structured array of {array.dtype}")
        return Preview(
            kind="table",
            columns=[PreviewColumn(name=name, dtype=str(array.dtype)) for name in names],
            rows=[[safe_cell(cell) for cell in row] for row in table.tolist()],
            n_rows=int(array.shape[0]),
            n_columns=int(array.shape[1]) if array.ndim == 2 else 1,
            truncated=array.shape[0] > PREVIEW_ROWS or (array.ndim == 2 and array.shape[1] > PREVIEW_COLUMNS),
        )
    if array.ndim == 0:
        return Preview(kind="json", data=safe_cell(array.item()))
    return Preview(kind="none", text=f"array of shape {' x '.join(map(str, array.shape))}, {array.dtype}")


class ImageMaterializer(Materializer):
    """A PIL image as PNG."""

    name = "image"
    data_format = "png"
    types: ClassVar[tuple[str, ...]] = ("PIL.Image.Image",)

    def accepts(self, value: Any) -> bool:
        """Take the modes that PNG holds without loss."""
        return value.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``image.png``."""
        import io  # noqa: PLC0415

        buffer = io.BytesIO()
        value.save(buffer, format="PNG")
        writer.write("image.png", buffer.getvalue())
        text = f"{value.width} x {value.height}, {value.mode}"
        return Saved([value.height, value.width], Preview(kind="image", image_file="image.png", text=text))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``image.png``."""
        from PIL import Image  # noqa: PLC0415

        image = Image.open(store.local_file(uri, manifest.files[0]))
        image.load()
        return image


MATERIALIZERS: tuple[Materializer, ...] = (NumpyMaterializer(), ImageMaterializer())
