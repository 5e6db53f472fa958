"""scikit-learn estimators in skops' open, pickle-free format where skops is installed."""

from __future__ import annotations

import zipfile
from importlib.util import find_spec
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError, PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, NotStorableError, Saved, safe_cell, type_path

_MAX_PARAMETERS = 60
_TRUSTED = frozenset(
    {
        "numpy.dtype",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._scorer._PassthroughScorer",
        "sklearn.model_selection._split.KFold",
        "sklearn.model_selection._split.StratifiedKFold",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "sklearn.tree._tree.Tree",
        "sklearn.utils._bunch.Bunch",
    }
)
"""Types beyond skops' own list that estimators hold; their construction runs no code of the file's choice."""


class SklearnMaterializer(Materializer):
    """An estimator as ``.skops``: a zip of JSON and ``.npy``, loaded without running code that the data names."""

    name = "sklearn"
    data_format = "skops"
    deterministic = False
    types: ClassVar[tuple[str, ...]] = ("sklearn.base.BaseEstimator",)

    def accepts(self, value: Any) -> bool:
        """Take estimators of scikit-learn itself when skops is there; others are pickled, marked unsafe."""
        return type(value).__module__.startswith("sklearn.") and find_spec("skops") is not None

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``model.skops``.

        Raises:
            NotStorableError: the estimator holds objects that can't be loaded without trusting the file.
        """
        import skops.io  # noqa: PLC0415

        try:
            data = skops.io.dumps(value, compression=zipfile.ZIP_DEFLATED, compresslevel=1)
        except Exception as error:  # skops walks arbitrary objects
            raise NotStorableError(str(error)) from error
        foreign = _foreign(data)
        if foreign:
            raise NotStorableError(f"it holds {', '.join(foreign)}")
        writer.write("model.skops", data)
        return Saved(preview=estimator_preview(value))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``model.skops``; only types that are known to be harmless are built.

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
        foreign = _foreign(data)
        if foreign:
            raise MaterializationError(
                f"The stored estimator at {uri} asks for types that are not trusted: {', '.join(foreign)}.",
                hint="Load it by hand with skops.io.load if you trust it.",
            )
        return skops.io.loads(data, trusted=sorted(_TRUSTED))


def _foreign(data: bytes) -> list[str]:
    import skops.io  # noqa: PLC0415

    return sorted(set(skops.io.get_untrusted_types(data=data)) - _TRUSTED)


def estimator_preview(value: Any) -> Preview:
    """Return an estimator's class and parameters."""
    try:
        found = value.get_params(deep=False)
    except (TypeError, AttributeError, ValueError):
        found = {}
    parameters = {str(k): safe_cell(v) for k, v in sorted(found.items())[:_MAX_PARAMETERS]}
    return Preview(kind="json", data={"estimator": type_path(value), "parameters": parameters})


MATERIALIZERS: tuple[Materializer, ...] = (SklearnMaterializer(),)
