"""scikit-learn estimators in skops' open, pickle-free format where skops is installed."""

from __future__ import annotations

import io
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError, PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, Saved, safe_cell, type_path

_MAX_PARAMETERS = 60


class SklearnMaterializer(Materializer):
    """An estimator as ``.skops``: a zip of JSON and ``.npy``, loaded without running code that the data names."""

    name = "sklearn"
    data_format = "skops"
    deterministic = False
    types: ClassVar[tuple[str, ...]] = ("sklearn.base.BaseEstimator",)

    def accepts(self, value: Any) -> bool:
        """Take estimators of scikit-learn itself when skops is there; others are pickled, marked unsafe."""
        if not type(value).__module__.startswith("sklearn."):
            return False
        from importlib.util import find_spec  # noqa: PLC0415

        return find_spec("skops") is not None

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``model.skops``."""
        import skops.io  # noqa: PLC0415

        data = skops.io.dumps(value)
        writer.write("model.skops", data)
        return Saved(preview=estimator_preview(value))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``model.skops``; only types of scikit-learn, scipy and numpy are built.

        Raises:
            PackageMissingError: skops is not installed.
            MaterializationError: the file asks for other types.
        """
        try:
            import skops.io  # noqa: PLC0415
        except ImportError as error:
            raise PackageMissingError(
                "Loading a stored scikit-learn estimator needs the package skops, which is not installed here.",
                hint="Install it with: pip install skops",
            ) from error
        data = store.local_file(uri, manifest.files[0]).read_bytes()
        wanted = skops.io.get_untrusted_types(data=data)
        foreign = [name for name in wanted if name.split(".")[0] not in ("sklearn", "numpy", "scipy")]
        if foreign:
            raise MaterializationError(
                f"The stored estimator at {uri} asks for types outside scikit-learn: {', '.join(foreign)}.",
                hint="Load it by hand with skops.io.load if you trust it.",
            )
        return skops.io.load(io.BytesIO(data), trusted=wanted)


def estimator_preview(value: Any) -> Preview:
    """Return an estimator's class and parameters."""
    try:
        found = value.get_params(deep=False)
    except (TypeError, AttributeError, ValueError):
        found = {}
    parameters = {str(k): safe_cell(v) for k, v in sorted(found.items())[:_MAX_PARAMETERS]}
    return Preview(kind="json", data={"estimator": type_path(value), "parameters": parameters})
