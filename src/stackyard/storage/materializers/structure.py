"""Python's own values, nested with anything, as ``structure.json`` and parts with files of their own.

The file is JSON. What JSON has no form for is an object whose first key begins with ``$``: ``{"$tuple": [1, 2]}``. A
value that needs files (an array, a table, a model) lies in a sub folder, stored by the materializer of its type, and is
named by ``{"$part": "parts/0-model", ...}``.
"""

from __future__ import annotations

import json
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.errors import ArtifactDamagedError, StackyardError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import Materializer, NotStorableError, Saved
from stackyard.storage.materializers.class_paths import path_to
from stackyard.storage.materializers.classes import kind_of
from stackyard.storage.materializers.previews import preview_of
from stackyard.storage.materializers.scalars import encode_scalar
from stackyard.storage.materializers.structure_reading import Reading
from stackyard.storage.materializers.structure_writing import CONTAINERS, PATHS, Writing

_FILE = "structure.json"


class StructureMaterializer(Materializer):
    """Single values, containers and data classes; asked for values of any type before they are pickled."""

    name = "structure"
    data_format = "structure"

    def accepts(self, value: Any) -> bool:
        """Tell whether the value's type has a form; what it holds is looked at while it is saved."""
        kind = type(value)
        if kind in CONTAINERS or kind in PATHS or (kind_of(kind) is not None and path_to(kind) is not None):
            return True
        return encode_scalar(value) is not None

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``structure.json`` and the parts.

        Raises:
            NotStorableError: the value holds itself, is nested too deep, or has parts that only pickle can hold
                together.
        """
        writing = Writing()
        try:
            node = writing.encode(value)
        except RecursionError as error:
            raise NotStorableError("it is nested too deep") from error
        preview = preview_of(value)
        for part in writing.parts:
            part.save(writer)
        text = json.dumps(node, ensure_ascii=False, separators=(",", ":"))
        writer.write(_FILE, text.encode("utf-8", errors="surrogatepass"))
        return Saved(
            shape=[len(value)] if type(value) in CONTAINERS else None,
            preview=preview,
            deterministic=writing.deterministic and all(part.deterministic for part in writing.parts),
            unsafe=any(part.unsafe for part in writing.parts),
        )

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``structure.json`` and the parts.

        Raises:
            ArtifactDamagedError: it is no structure.
            MaterializationError: a class or materializer that it names is not here.
        """
        file = next((file for file in manifest.files if file.path == _FILE), None)
        if file is None:
            raise ArtifactDamagedError(f"The artifact version at {uri} has no {_FILE}.", hint="Run the step again.")
        data = store.local_file(uri, file).read_bytes()
        try:
            return Reading(store, uri, manifest).decode(json.loads(data.decode("utf-8", errors="surrogatepass")))
        except StackyardError:
            raise
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise ArtifactDamagedError(
                f"The file {_FILE} of the artifact version at {uri} can't be read: {type(error).__name__}: {error}.",
                hint="Run the step again.",
            ) from error


MATERIALIZERS: tuple[Materializer, ...] = (StructureMaterializer(),)
