"""Labels of pandas' rows and columns, of any kind, as bytes that give the very same index back."""

from __future__ import annotations

import base64
import json
from typing import Any


def labels_come_back(labels: Any) -> bool:
    """Tell whether an index is no object index, or one of texts where pandas makes such ones for all texts."""
    import pandas as pd  # noqa: PLC0415

    if labels.dtype != object:
        return True
    texts = pd.api.types.infer_dtype(labels, skipna=False) in ("string", "empty")
    return bool(texts and pd.Index(["a"]).dtype == object)


def index_comes_back(index: Any) -> bool:
    """Tell whether Arrow gives the names and the labels of all levels of an index back."""
    if not all(name is None or type(name) in (str, int) for name in index.names):
        return False
    return all(labels_come_back(index.get_level_values(i)) for i in range(index.nlevels))


def is_plain(columns: Any) -> bool:
    """Tell whether columns are different texts, which Arrow's own column names hold."""
    import pandas as pd  # noqa: PLC0415

    if isinstance(columns, (pd.RangeIndex, pd.MultiIndex)) or not columns.is_unique:
        return False
    return (columns.name is None or type(columns.name) is str) and all(type(label) is str for label in columns)


def stored_names(columns: Any) -> list[str]:
    """Return different texts that stand for the columns in a file: the labels as far as they go."""
    taken: set[str] = set()
    names = []
    for label in columns:
        text = ".".join(map(str, label)) if isinstance(label, tuple) else str(label)
        name, number = text, 1
        while name in taken:
            number += 1
            name = f"{text}_{number}"
        taken.add(name)
        names.append(name)
    return names


def pack_index(pa: Any, index: Any) -> bytes:
    """Return an index as text: a small Arrow file in Base64 with what Arrow forgets.

    Raises:
        ValueError: it would not come back as it is.
    """
    import pandas as pd  # noqa: PLC0415

    if not _packs_as_objects(index) and not index_comes_back(index):
        raise ValueError("an index of objects")
    facts: dict[str, Any] = {}
    if getattr(index, "freq", None) is not None and not isinstance(index, pd.PeriodIndex):
        facts["freq"] = index.freqstr
    if _packs_as_objects(index):
        facts["objects"], facts["name"] = list(index), _packed_label(index.name)
    else:
        sink = pa.BufferOutputStream()
        table = pa.Table.from_pandas(pd.DataFrame(index=index), preserve_index=None)
        with pa.ipc.new_stream(sink, table.schema) as out:
            out.write_table(table)
        facts["arrow"] = base64.b64encode(sink.getvalue().to_pybytes()).decode()
    packed = json.dumps(facts).encode()
    found = unpack_index(pa, packed)
    if not found.identical(index) or [type(n) for n in found.names] != [type(n) for n in index.names]:
        raise ValueError("an index that Arrow changes")
    return packed


def unpack_index(pa: Any, packed: bytes) -> Any:
    """Return the index of a text that `pack_index` gave."""
    import pandas as pd  # noqa: PLC0415

    facts = json.loads(packed)
    if "objects" in facts:
        return pd.Index(facts["objects"], dtype=object, name=unpack_label(facts["name"]))
    with pa.ipc.open_stream(base64.b64decode(facts["arrow"])) as source:
        index = source.read_all().to_pandas().index
    if "freq" in facts:
        index.freq = facts["freq"]
    return index


def pack_label(label: Any) -> Any:
    """Return a label as a JSON value.

    Raises:
        ValueError: it is none that comes back.
    """
    packed = _packed_label(label)
    if type(unpack_label(packed)) is not type(label) or unpack_label(packed) != label:
        raise ValueError("a label that is no plain value")
    return packed


def unpack_label(packed: Any) -> Any:
    """Return the label of a JSON value that `pack_label` gave."""
    return tuple(unpack_label(part) for part in packed["tuple"]) if isinstance(packed, dict) else packed


def _packed_label(label: Any) -> Any:
    if type(label) is tuple:
        return {"tuple": [_packed_label(part) for part in label]}
    if label is None or type(label) in (str, int, float, bool):
        return label
    raise ValueError("a label that is no plain value")


def _packs_as_objects(index: Any) -> bool:
    """Tell whether an object index, such as one of texts and numbers, holds nothing but plain values."""
    import pandas as pd  # noqa: PLC0415

    if isinstance(index, pd.MultiIndex) or index.dtype != object:
        return False
    return all(label is None or type(label) in (str, int, bool) for label in index)
