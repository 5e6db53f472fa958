"""Images as PNG, or TIFF where PNG would change them; figures of matplotlib as PNG."""

from __future__ import annotations

import io
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview
from stackyard.model.errors import MaterializationError, PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, NotStorableError, Saved

_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_TIFF_MODES = ("CMYK", "F", "I", "LAB")
_PREVIEW_SIDE = 512
"""Pixels, of an image whose own file no browser shows."""


class ImageMaterializer(Materializer):
    """A PIL image as PNG or TIFF. It comes back as a ``PIL.Image.Image``, whatever file it was opened from."""

    name = "image"
    data_format = "png"
    types: ClassVar[tuple[str, ...]] = ("PIL.Image.Image",)

    def accepts(self, value: Any) -> bool:
        """Take the modes that PNG or TIFF hold without loss."""
        return value.mode in _PNG_MODES + _TIFF_MODES

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``image.png``, or ``image.tiff`` with ``preview.png`` beside it.

        Raises:
            MaterializationError: it has several frames, of which all but one would be lost.
            NotStorableError: its palette is too short.
        """
        frames = getattr(value, "n_frames", 1)
        if frames > 1:
            raise MaterializationError(
                f"An image of {frames} frames can't be stored as one image.",
                hint="Return a list: [frame.copy() for frame in PIL.ImageSequence.Iterator(image)]",
            )
        text = f"{value.width} x {value.height}, {value.mode}"
        if value.mode in _PNG_MODES:
            data = _encoded(value, "PNG")
            if value.mode == "P" and not _shows(data, value):
                raise NotStorableError("its pixels name colours that its palette lacks")
            writer.write("image.png", data)
            return Saved([value.height, value.width], Preview(kind="image", image_file="image.png", text=text))
        writer.write("image.tiff", _encoded(value, "TIFF"))
        writer.write("preview.png", _encoded(_shown(value), "PNG"))
        preview = Preview(kind="image", image_file="preview.png", text=text)
        return Saved([value.height, value.width], preview, data_format="tiff")

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read the image.

        Raises:
            PackageMissingError: Pillow is not installed.
        """
        return _open(store, uri, manifest)


class FigureMaterializer(Materializer):
    """A figure of matplotlib as PNG. What is drawn is kept, not how: it comes back as a ``PIL.Image.Image``."""

    name = "matplotlib"
    data_format = "png"
    types: ClassVar[tuple[str, ...]] = ("matplotlib.figure.Figure",)

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``figure.png``, at the figure's own resolution."""
        buffer = io.BytesIO()
        # The name of the program and its version would make other bytes of the same picture.
        value.savefig(buffer, format="png", metadata={"Software": None})
        writer.write("figure.png", buffer.getvalue())
        titles = [axes.get_title() for axes in value.axes if axes.get_title()]
        suptitle = value.get_suptitle() if hasattr(value, "get_suptitle") else ""
        text = "; ".join([*([suptitle] if suptitle else []), *titles]) or "figure without a title"
        return Saved(preview=Preview(kind="image", image_file="figure.png", text=text))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read the picture.

        Raises:
            PackageMissingError: Pillow is not installed.
        """
        return _open(store, uri, manifest)


def _encoded(image: Any, file_format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=file_format)
    return buffer.getvalue()


def _shows(data: bytes, image: Any) -> bool:
    """Tell whether a PNG has the very pixels of an image."""
    from PIL import Image  # noqa: PLC0415

    with Image.open(io.BytesIO(data)) as found:
        return bool(found.mode == image.mode and found.tobytes() == image.tobytes())


def _shown(image: Any) -> Any:
    """Return a small image that every browser shows; numbers are stretched to shades of grey."""
    small = image.copy()
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    if small.mode not in ("F", "I"):
        return small.convert("RGB") if small.mode == "CMYK" else small.getchannel(0)
    numbers = small.convert("F")
    low, high = numbers.getextrema()
    scale = 255.0 / (high - low) if high > low else 0.0
    return numbers.point(lambda value: value * scale - low * scale).convert("L")


def _open(store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
    try:
        from PIL import Image  # noqa: PLC0415
    except ImportError as error:
        raise PackageMissingError(
            "Loading a stored image needs the package Pillow, which is not installed here.",
            hint="Install it with: pip install pillow",
        ) from error
    facts = next(file for file in manifest.files if file.path != "preview.png")
    with Image.open(store.local_file(uri, facts)) as image:
        return image.copy()  # of the class that images made in memory have, which they are compared by


MATERIALIZERS: tuple[Materializer, ...] = (ImageMaterializer(), FigureMaterializer())
