"""Python code that loads an artifact version: with Stackyard, and with a plain reader of its format."""

from __future__ import annotations

import keyword
import re
from pathlib import Path, PurePosixPath

from stackyard.api.artifacts import get_version
from stackyard.api.context import Context
from stackyard.model.basic_views import View
from stackyard.model.views import ArtifactFileView, ArtifactVersionView

MAX_FILES = 8
"""That get a line of their own."""
_TAKEN = frozenset(
    {"load_artifact", "Path", "np", "pd", "pl", "json", "csv", "io", "feather", "parquet", "Image", "skops"}
)
_JSON = ("import json\nfrom pathlib import Path", 'json.loads(Path({path}).read_text(encoding="utf-8"))')
_TEXT = ("from pathlib import Path", 'Path({path}).read_text(encoding="utf-8")')
_CSV = (
    "import csv\nimport io\nfrom pathlib import Path",
    "list(csv.reader(io.StringIO(Path({path}).read_bytes().decode())))",
)
_IMAGE = ("from PIL import Image", "Image.open({path}).copy()")
_READERS = {
    ".arrow": ("from pyarrow import feather", "feather.read_table({path}, memory_map=True)"),
    ".parquet": ("from pyarrow import parquet", "parquet.read_table({path})"),
    ".npy": ("import numpy as np", 'np.load({path}, mmap_mode="c")'),
    ".npz": ("import numpy as np", "np.load({path})"),
    ".json": _JSON,
    ".csv": _CSV,
    ".png": _IMAGE,
    ".tiff": _IMAGE,
    ".txt": _TEXT,
    ".md": _TEXT,
    ".html": _TEXT,
    ".bin": ("from pathlib import Path", "Path({path}).read_bytes()"),
    ".safetensors": ("from safetensors.torch import load_file", "load_file({path})"),
}
"""Ending of a file to imports and an expression that reads it."""
_TABLES = {
    "pandas": ("import pandas as pd", "pd.read_feather({path})"),
    "polars": ("import polars as pl", "pl.read_ipc({path})"),
}
"""The same for Arrow files, by the package of the type that was stored."""
_PICKLES = (".pickle", ".pkl")


class SnippetView(View):
    """Code that loads an artifact version, and runs as it is."""

    id: str
    name: str
    version: int
    code: str
    """Both ways below each other."""
    with_stackyard: str
    plain: str
    """With a reader of the format alone; a comment that says why where there is none."""


def snippet(ctx: Context, version: ArtifactVersionView) -> SnippetView:
    """Return code that loads an artifact version.

    Args:
        ctx: where.
        version: which.
    """
    view = get_version(ctx, version.id)
    variable = _identifier(view.name)
    # A name is looked for in the project around the working folder, an id everywhere.
    wanted = f"{_quoted(view.name)}, version={view.version}" if view.project_id == ctx.scope.id else _quoted(view.id)
    unsafe = "# It is stored as a pickle: loading it runs code that it names.\n" if view.unsafe else ""
    head = f"# Version {view.version} of the artifact {view.name}: {_facts(view)}\n"
    ours = f"from stackyard import load_artifact\n\n{unsafe}{variable} = load_artifact({wanted})\n"
    plain = _plain(view, variable)
    return SnippetView(
        id=view.id, name=view.name, version=view.version, with_stackyard=ours, plain=plain,
        code=f"{head}{ours}\n# {_between(plain)}\n{plain}",
    )  # fmt: skip


def _facts(view: ArtifactVersionView) -> str:
    shape = f", {' x '.join(map(str, view.shape))}" if view.shape else ""
    return f"{view.type}{shape}"


def _between(plain: str) -> str:
    return "Without Stackyard:" if plain.startswith("#") else "The same without Stackyard, from its file:"


def _plain(view: ArtifactVersionView, variable: str) -> str:
    """Return code that reads the version's files without Stackyard."""
    if not view.files:
        why = view.problem or f"it lies in {view.uri}, which is no folder of this machine."
        return "".join(f"# {line}\n" for line in why.splitlines())
    # A preview, and the mask of a masked array, are beside the value.
    files = [f for f in view.files if not (f.name == "preview.png" and len(view.files) > 1)]
    if len(files) == 1:
        imports, expression = _reader(view, files[0])
        if not imports:
            return f"# {expression}\n"
        return f"{imports}\n\n{variable} = {expression}\n"
    needed: set[str] = set()
    lines: list[str] = []
    taken: set[str] = set()
    for file in files[:MAX_FILES]:
        modules, expression = _reader(view, file)
        if not modules:
            lines.append(f"# {file.name}: {expression}")
            continue
        needed.update(modules.splitlines())
        part = _identifier(f"{variable}_{PurePosixPath(file.name).with_suffix('')}")
        while part in taken:
            part += "_"
        taken.add(part)
        lines.append(f"{part} = {expression}")
    if len(files) > MAX_FILES:
        lines.append(f"# and {len(files) - MAX_FILES} more files in {view.uri}")
    head = "\n".join(sorted(needed, key=lambda line: (line.startswith("from"), line)))
    return (f"{head}\n\n" if head else "") + "\n".join(["# It is stored in several files.", *lines]) + "\n"


def _reader(view: ArtifactVersionView, file: ArtifactFileView) -> tuple[str, str]:
    """Return imports and an expression that reads a file; without imports: why there is none."""
    ending = PurePosixPath(file.name).suffix.lower()
    path = str(Path(file.path))
    if ending in _PICKLES or (view.unsafe and ending not in _READERS):
        return "", f"{path} is a pickle: only Python reads it, and that runs code that it names."
    if view.data_format == "csv" and ending == ".txt":
        found = _CSV
    elif ending == ".arrow" and view.type.endswith(("DataFrame", "Series")):
        found = _TABLES.get(view.type.partition(".")[0], _READERS[ending])
    elif ending == ".npy" and view.shape is not None and 0 in view.shape:
        found = ("import numpy as np", "np.load({path})")  # nothing can be mapped
    else:
        found = _READERS.get(ending, ("", ""))
    if not found[0]:
        return "", f"{path} is stored as {view.data_format}, which has no plain reader here."
    return found[0], found[1].format(path=_quoted(path))


def _identifier(name: str) -> str:
    found = re.sub(r"\W+", "_", name).strip("_") or "value"
    if found[0].isdigit():
        found = f"value_{found}"
    if not found.isidentifier():
        found = "value"
    return f"{found}_" if keyword.iskeyword(found) or found in _TAKEN else found


def _quoted(text: str) -> str:
    """Return a text as Python writes it, in double quotes where that is as simple."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in shown and "\\" not in shown else shown
