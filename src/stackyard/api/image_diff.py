"""How two stored images differ."""

from __future__ import annotations

from typing import Any

from stackyard.model.diff_views import PartDiff, ValueChange
from stackyard.storage.reading.opening import StoredImage


def compare_images(part: PartDiff, old: StoredImage, new: StoredImage) -> None:
    """Fill in size and mode where they differ, and of images of one size how many pixels differ and how far."""
    part.kind = "image"
    sizes = [[image.width, image.height] for image in (old, new)]
    if sizes[0] != sizes[1]:
        part.facts.append(ValueChange(name="size", before=sizes[0], after=sizes[1]))
    try:
        import numpy as np  # noqa: PLC0415
        from PIL import Image  # noqa: PLC0415
    except ImportError:
        part.note = "Comparing pixels needs the packages numpy and pillow."
        return
    pixels: list[Any] = []
    modes = []
    for image in (old, new):
        with Image.open(image.path) as opened:
            modes.append(opened.mode)
            # 16 bits and floats keep their values; what else there is has the colours that are seen.
            wanted = opened if opened.mode in ("L", "I;16", "I", "F") else opened.convert("RGBA")
            pixels.append(np.asarray(wanted).astype(float))
    if modes[0] != modes[1]:
        part.facts.append(ValueChange(name="mode", before=modes[0], after=modes[1]))
    if pixels[0].shape != pixels[1].shape:
        return
    apart = np.abs(pixels[0] - pixels[1])
    differ = apart.any(axis=-1) if apart.ndim == 3 else apart > 0
    part.facts.append(
        ValueChange(name="pixels that differ", after=round(float(differ.mean()), 6) if differ.size else 0.0)
    )
    part.facts.append(ValueChange(name="mean difference", after=round(float(apart.mean()), 6) if apart.size else 0.0))
