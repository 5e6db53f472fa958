"""The pipelines and steps of the project: what is on disk, with unsaved texts in its place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from stackyard.analysis.index import ProjectIndex, Snapshot, belongs, combine
from stackyard.analysis.python_source import PACKAGE, analyse
from stackyard.analysis.values import Definition, ModuleAnalysis
from stackyard.model.views import ParameterInfo, PipelineInfo, StepInfo
from stackyard_ls.documents import Document
from stackyard_ls.protocol import PipelineListResult, PipelineProblem


class Pipelines:
    """Index of one folder at a time; safe to use from any thread."""

    def __init__(self) -> None:
        """Start without a folder."""
        self._lock = threading.Lock()
        self._index: ProjectIndex | None = None
        self._overlay: dict[str, tuple[Document, int, ModuleAnalysis]] = {}
        self._published: Snapshot | None = None
        self.ready = threading.Event()
        """Set once the first index of the folder is complete."""

    def refresh(
        self, root: Path | None, documents: Sequence[tuple[Document, int, str]], stop: Callable[[], bool]
    ) -> bool:
        """Bring the index up to date.

        Args:
            root: folder of the project; None when nothing is open.
            documents: open Python documents with version and text.
            stop: asked between files; True ends the refresh early.

        Returns:
            Whether the pipelines, steps or problems are others than after the last refresh.
        """
        with self._lock:
            if self._index is None or self._index.root != root:
                self.ready.clear()
                self._index = ProjectIndex(root) if root else None
                self._published = None
            if self._index is not None:
                self._index.refresh(stop)
                if stop():
                    return False
            self._read_documents(root, documents)
            snapshot = self._snapshot()
            changed = snapshot != self._published
            self._published = snapshot
            self.ready.set()
            return changed

    def result(self) -> PipelineListResult:
        """Return the list as of the last refresh."""
        snapshot = self._published or Snapshot()
        return PipelineListResult(
            pipelines=[
                PipelineInfo(
                    name=found.definition.name,
                    function=found.definition.function,
                    file=found.file,
                    line=found.definition.line,
                    column=found.definition.column,
                    doc=found.definition.doc,
                    parameters=_parameters(found.definition),
                    steps=list(found.steps),
                )
                for found in snapshot.pipelines
            ],
            steps=[
                StepInfo(
                    name=found.definition.name,
                    function=found.definition.function,
                    file=found.file,
                    line=found.definition.line,
                    column=found.definition.column,
                    doc=found.definition.doc,
                )
                for found in snapshot.steps
            ],
            problems=[
                PipelineProblem(file=found.file, line=found.problem.line, message=found.problem.message)
                for found in snapshot.problems
            ],
            indexing=not self.ready.is_set(),
        )

    def _snapshot(self) -> Snapshot:
        overlay = {path: module for path, (_, _, module) in self._overlay.items()}
        return self._index.snapshot(overlay) if self._index else combine(overlay)

    def _read_documents(self, root: Path | None, documents: Sequence[tuple[Document, int, str]]) -> None:
        kept: dict[str, tuple[Document, int, ModuleAnalysis]] = {}
        for document, version, text in documents:
            if root is None or not belongs(root, document.path):
                continue
            known = self._overlay.get(document.path)
            if known is None or known[0] is not document or known[1] != version:
                with document.python(text) as source:
                    known = (document, version, analyse(source) if PACKAGE in text else ModuleAnalysis())
            kept[document.path] = known
        self._overlay = kept


def _parameters(definition: Definition) -> list[ParameterInfo]:
    return [
        ParameterInfo(name=p.name, annotation=p.annotation, default=p.default, required=p.required)
        for p in definition.parameters
    ]
