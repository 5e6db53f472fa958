"""Tensors and modules of torch, where it is installed: it is too large for the environment of the tests."""

from __future__ import annotations

import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stackyard.storage.local_store import LocalArtifactStore
from stackyard.storage.materializers.lookup import Origin, load_version, save_version


def round_trips(folder: Path, seed: int, count: int) -> str:
    """Store and load random tensors and modules, and read their weights without torch and Stackyard."""
    if find_spec("torch") is None or find_spec("safetensors") is None:
        return "left out: torch and safetensors are not installed here"
    import torch

    chances = random.Random(seed)
    store = LocalArtifactStore(str(folder))
    dtypes = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]
    for _ in range(count):
        shape = [chances.randrange(4) for _ in range(chances.randrange(4))]
        value = (torch.rand(shape) * 9).to(chances.choice(dtypes))
        if chances.random() < 0.3 and value.ndim > 1:
            value = value.transpose(0, 1)
        if value.is_floating_point():
            value = (
                torch.nn.Parameter(value) if chances.random() < 0.2 else value.requires_grad_(chances.random() < 0.3)
            )
        manifest = save_version(store, value, Origin("tensor"))
        found: Any = load_version(store, manifest.uri)
        assert (manifest.materializer, manifest.unsafe) == ("torch", False)
        assert (type(found), found.dtype, found.shape) == (type(value), value.dtype, value.shape)
        assert found.requires_grad == value.requires_grad
        assert torch.equal(found, value)
        assert save_version(store, found, Origin("tensor")).digest == manifest.digest
        assert (manifest.preview.statistics or manifest.preview.data is not None) is not None
    _modules(store, torch)
    return f"{count} tensors, a module with shared weights"


def _modules(store: LocalArtifactStore, torch: Any) -> None:
    from safetensors.numpy import load_file

    tied = torch.nn.Linear(3, 3)
    value = torch.nn.Sequential(tied, torch.nn.BatchNorm1d(3), torch.nn.Sequential(tied), torch.nn.Dropout())
    value.eval()
    manifest = save_version(store, value, Origin("module"))
    found = load_version(store, manifest.uri)
    assert (manifest.unsafe, manifest.deterministic, found.training) == (True, False, False)
    assert found[0].weight is found[2][0].weight
    rows = torch.rand(5, 3)
    assert torch.equal(found(rows), value(rows))
    read = load_file(Path(manifest.uri, "weights.safetensors"))
    for name, tensor in read.items():
        assert (tensor == value.state_dict()[name].numpy()).all()
    weights = save_version(store, dict(value.state_dict()), Origin("weights"))
    assert not weights.unsafe
    again = load_version(store, weights.uri)
    assert all(torch.equal(again[name], tensor) for name, tensor in value.state_dict().items())
    sparse = save_version(store, torch.eye(3).to_sparse(), Origin("sparse"))
    assert sparse.materializer == "pickle"
