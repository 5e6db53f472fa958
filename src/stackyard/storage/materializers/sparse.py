"""Sparse matrices and arrays of scipy, in its own ``.npz``."""

from __future__ import annotations

import io
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, Saved
from stackyard.storage.materializers.statistics import statistics_for_preview

_FORMATS = ("bsr", "coo", "csc", "csr", "dia")


class SparseMaterializer(Materializer):
    """A sparse matrix or array in one of the formats that ``scipy.sparse.save_npz`` takes."""

    name = "scipy-sparse"
    data_format = "npz"
    types: ClassVar[tuple[str, ...]] = ("scipy.sparse._base._spbase", "scipy.sparse._base.spmatrix")

    def accepts(self, value: Any) -> bool:
        """Refuse other formats, more or fewer than two dimensions, subclasses and Python objects."""
        own = type(value).__module__.startswith("scipy.sparse.")
        return own and value.format in _FORMATS and len(value.shape) == 2 and not value.dtype.hasobject

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``data.npz``: the arrays of the format, uncompressed."""
        import scipy.sparse  # noqa: PLC0415

        buffer = io.BytesIO()
        scipy.sparse.save_npz(buffer, value, compressed=False)
        writer.write("data.npz", buffer.getvalue())
        rows, columns = (int(n) for n in value.shape)
        text = f"sparse {rows} x {columns} in format {value.format}, {value.dtype}, {value.nnz:,} values stored"
        preview = Preview(kind="none", text=text, statistics=statistics_for_preview(value.data))
        return Saved([rows, columns], preview)

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``data.npz``.

        Raises:
            PackageMissingError: scipy is not installed.
        """
        try:
            import scipy.sparse  # noqa: PLC0415
        except ImportError as error:
            raise PackageMissingError(
                "Loading a stored sparse matrix needs the package scipy, which is not installed here.",
                hint="Install it with: pip install scipy",
            ) from error
        return scipy.sparse.load_npz(store.local_file(uri, manifest.files[0]))


MATERIALIZERS: tuple[Materializer, ...] = (SparseMaterializer(),)
