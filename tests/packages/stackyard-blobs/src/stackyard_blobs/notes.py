"""An experiment tracker that writes one line for each step."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.flavors.interfaces import ExperimentTracker, TrackedStep
from stackyard_blobs.flavors import NotesConfiguration, NotesSettings


class Notes(ExperimentTracker):
    """Writes ``<folder>/<step run id>.txt``."""

    def __init__(self, configuration: NotesConfiguration) -> None:
        self._folder = Path(configuration.folder)

    @contextlib.contextmanager
    def track(self, step: TrackedStep) -> Iterator[dict[str, Any]]:
        settings = NotesSettings.model_validate(step.settings)
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{step.step_run_id}.txt"
        path.write_text(f"{settings.heading}: {step.pipeline_name}/{step.step_name} started\n")
        yield {"note": str(path)}
        path.write_text(f"{settings.heading}: {step.pipeline_name}/{step.step_name} completed\n")
