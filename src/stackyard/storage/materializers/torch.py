"""torch: tensors as safetensors; modules as safetensors of their weights and a pickle of what is around them."""

from __future__ import annotations

import io
import json
import pickle
from typing import Any, ClassVar

from stackyard.model.artifact import Manifest, Preview, PreviewColumn
from stackyard.model.errors import PackageMissingError
from stackyard.storage.artifact_store import ArtifactStore, VersionWriter
from stackyard.storage.materializers.base import (
    PREVIEW_COLUMNS,
    PREVIEW_ROWS,
    Materializer,
    NotStorableError,
    Saved,
    safe_cell,
    type_path,
)
from stackyard.storage.materializers.statistics import statistics_for_preview

_WEIGHTS, _STRUCTURE = "weights.safetensors", "structure.pickle"
_TENSOR = "value"
"""Name of a single tensor in its file."""
_FACTS = "stackyard"
"""The one entry of the file's own notes: several would be written in any order."""


class TensorMaterializer(Materializer):
    """A dense tensor or Parameter. It comes back on its device where there is one, else on the CPU."""

    name = "torch"
    data_format = "safetensors"
    types: ClassVar[tuple[str, ...]] = ("torch.Tensor", "torch._tensor.Tensor")

    def accepts(self, value: Any) -> bool:
        """Refuse subclasses, and layouts that safetensors has no place for."""
        import torch  # noqa: PLC0415

        plain = type(value) in (torch.Tensor, torch.nn.Parameter)
        return plain and _is_dense(torch, value) and _safetensors() is not None

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``weights.safetensors``.

        Raises:
            NotStorableError: safetensors doesn't know the type of its numbers.
        """
        facts = {_FACTS: json.dumps({"device": str(value.device), "requires_grad": value.requires_grad})}
        _write_weights(writer, {_TENSOR: value}, facts)
        array = _as_numpy(value)
        return Saved([*value.shape], _tensor_preview(value, array))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read ``weights.safetensors``.

        Raises:
            PackageMissingError: torch or safetensors is not installed.
        """
        torch = _torch()
        tensors, notes = _read_weights(store, uri, manifest)
        facts = json.loads(notes[_FACTS])
        tensor = _to_device(torch, tensors[_TENSOR], facts["device"])
        if manifest.type.endswith("Parameter"):
            return torch.nn.Parameter(tensor, requires_grad=facts["requires_grad"])
        return tensor.requires_grad_(facts["requires_grad"])


class ModuleMaterializer(Materializer):
    """A module. Its tensors lie in an open file, under the names of its ``state_dict``; the rest is pickled."""

    name = "torch-module"
    data_format = "safetensors"
    deterministic = False
    unsafe = True
    types: ClassVar[tuple[str, ...]] = ("torch.nn.modules.module.Module",)

    def accepts(self, value: Any) -> bool:
        """Refuse compiled modules and such with tensors that safetensors has no place for."""
        import torch  # noqa: PLC0415

        if isinstance(value, torch.jit.ScriptModule) or _safetensors() is None:
            return False
        return all(_is_dense(torch, tensor) for tensor in _tensors_of(value).values())

    def save(self, value: Any, writer: VersionWriter) -> Saved:
        """Write ``weights.safetensors`` and ``structure.pickle``.

        Raises:
            NotStorableError: what is around the tensors can't be pickled apart from them.
        """
        import cloudpickle  # noqa: PLC0415
        import torch  # noqa: PLC0415

        named = _tensors_of(value)
        names = {id(tensor): name for name, tensor in named.items()}
        kept = dict(named)

        class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # has no types
            def persistent_id(self, found: Any) -> Any:
                """Leave tensors out: the file of weights has them."""
                if type(found) not in (torch.Tensor, torch.nn.Parameter) or not _is_dense(torch, found):
                    return None
                if id(found) not in names:
                    names[id(found)] = f"other.{len(kept)}"
                    kept[names[id(found)]] = found
                is_parameter = isinstance(found, torch.nn.Parameter)
                return names[id(found)], is_parameter, found.requires_grad, str(found.device)

        buffer = io.BytesIO()
        try:
            Pickler(buffer).dump(value)
        except Exception as error:  # any class can raise anything from __reduce__
            raise NotStorableError(str(error)) from error
        _write_weights(writer, kept, {})
        writer.write(_STRUCTURE, buffer.getvalue())
        return Saved(preview=_module_preview(value, named))

    def load(self, store: ArtifactStore, uri: str, manifest: Manifest) -> Any:
        """Read the weights and unpickle what is around them.

        Raises:
            PackageMissingError: torch or safetensors is not installed.
        """
        torch = _torch()
        tensors, _ = _read_weights(store, uri, manifest)
        known: dict[str, Any] = {}

        class Unpickler(pickle.Unpickler):
            def persistent_load(self, reference: Any) -> Any:
                """Return a tensor of the file; the same one for all who share it."""
                name, is_parameter, requires_grad, device = reference
                if name not in known:
                    tensor = _to_device(torch, tensors[name], device)
                    if is_parameter:
                        known[name] = torch.nn.Parameter(tensor, requires_grad=requires_grad)
                    else:
                        known[name] = tensor.requires_grad_(requires_grad)
                return known[name]

        with store.local_file(uri, _facts_of(manifest, _STRUCTURE)).open("rb") as file:
            return Unpickler(file).load()


def _tensors_of(module: Any) -> dict[str, Any]:
    """Return the parameters and buffers of a module by name; those that several names lead to once."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _is_dense(torch: Any, tensor: Any) -> bool:
    plain = tensor.layout == torch.strided and not tensor.is_quantized and tensor.device.type != "meta"
    return plain and not tensor.is_conj() and not tensor.is_neg() and tensor.dtype in _known_dtypes()


def _known_dtypes() -> set[Any]:
    """Return the types of numbers that safetensors writes."""
    import safetensors.torch as st  # noqa: PLC0415

    return set(st._TYPES.values())  # noqa: SLF001  # it has no other list


def _write_weights(writer: VersionWriter, tensors: dict[str, Any], facts: dict[str, str]) -> None:
    """Write tensors apart from each other, also those that are views of the same memory."""
    import safetensors.torch  # noqa: PLC0415

    apart: dict[str, Any] = {}
    seen: set[int] = set()
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        memory = plain.untyped_storage().data_ptr()
        apart[name] = plain.clone() if memory in seen else plain
        seen.add(memory)
    with writer.add(_WEIGHTS) as path:
        safetensors.torch.save_file(apart, path, metadata=facts or None)


def _read_weights(store: ArtifactStore, uri: str, manifest: Manifest) -> tuple[dict[str, Any], dict[str, str]]:
    safetensors = _safetensors()
    if safetensors is None:
        raise PackageMissingError(
            "Loading stored tensors needs the package safetensors, which is not installed here.",
            hint="Install it with: pip install safetensors",
        )
    path = store.local_file(uri, _facts_of(manifest, _WEIGHTS))
    with safetensors.safe_open(path, framework="pt") as file:
        # A map of the file is private, but shared by its tensors: each gets memory of its own.
        return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def _facts_of(manifest: Manifest, name: str) -> Any:
    return next(file for file in manifest.files if file.path == name)


def _to_device(torch: Any, tensor: Any, device: str) -> Any:
    """Return a tensor on the device that it came from, or as it is where this machine has none."""
    kind = device.partition(":")[0]
    if kind == "cpu":
        return tensor
    backend = getattr(torch, kind, None) or getattr(torch.backends, kind, None)
    return tensor.to(device) if backend is not None and backend.is_available() else tensor


def _as_numpy(tensor: Any) -> Any:
    """Return a tensor as an array; of number types that numpy lacks as float32."""
    plain = tensor.detach().cpu()
    try:
        return plain.numpy()
    except TypeError:
        return plain.float().numpy()


def _tensor_preview(tensor: Any, array: Any) -> Preview:
    dtype = str(tensor.dtype)
    statistics = statistics_for_preview(array)
    if array.ndim == 0:
        return Preview(kind="json", data=safe_cell(array.item()), statistics=statistics)
    if array.ndim > 2 or not array.size:
        text = f"tensor of shape {' x '.join(map(str, array.shape))}, {dtype}"
        return Preview(kind="none", text=text, statistics=statistics)
    head = array[:PREVIEW_ROWS]
    table = head.reshape(len(head), -1)[:, :PREVIEW_COLUMNS]
    names = [str(i) for i in range(table.shape[1])] if array.ndim == 2 else ["value"]
    return Preview(
        kind="table",
        columns=[PreviewColumn(name=name, dtype=dtype) for name in names],
        rows=[[safe_cell(cell) for cell in row] for row in table.tolist()],
        n_rows=len(array),
        n_columns=int(array.shape[1]) if array.ndim == 2 else 1,
        truncated=len(array) > PREVIEW_ROWS or (array.ndim == 2 and array.shape[1] > PREVIEW_COLUMNS),
        statistics=statistics,
    )


def _module_preview(module: Any, tensors: dict[str, Any]) -> Preview:
    shown = list(tensors.items())[:PREVIEW_ROWS]
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return Preview(
        kind="table",
        text=f"{type_path(module)}, {parameters:,} parameters",
        columns=[PreviewColumn(name=name, dtype="str") for name in ("tensor", "shape", "dtype")]
        + [PreviewColumn(name="size", dtype="int")],
        rows=[[name, " x ".join(map(str, t.shape)), str(t.dtype), t.numel()] for name, t in shown],
        n_rows=len(tensors),
        n_columns=4,
        truncated=len(tensors) > len(shown),
    )


def _safetensors() -> Any:
    """Return the package, or None where it is not installed."""
    try:
        import safetensors  # noqa: PLC0415
    except ImportError:
        return None
    return safetensors


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise PackageMissingError(
            "Loading stored tensors needs the package torch, which is not installed here.",
            hint="Install it with: pip install torch",
        ) from error
    return torch


MATERIALIZERS: tuple[Materializer, ...] = (TensorMaterializer(), ModuleMaterializer())
