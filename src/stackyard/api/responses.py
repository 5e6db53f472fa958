"""What ``Client`` gives back: the views of lists and commands, with what ZenML's responses can do beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from stackyard.api.response_base import Ran, Response
from stackyard.model.model_views import ModelVersionView, ModelView
from stackyard.model.response_names import Named
from stackyard.model.views import ArtifactVersionView, RunView, StepRunView

if TYPE_CHECKING:
    from stackyard.api.client import Client

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class ArtifactVersion(Response):
    """A stored value. Pass it to a step as an input, or load it."""

    view: ArtifactVersionView

    @property
    def id(self) -> str:
        """Its id."""
        return self.view.id

    @property
    def name(self) -> str:
        """Name of its artifact."""
        return self.view.name

    @property
    def version(self) -> int:
        """Its number."""
        return self.view.version

    @property
    def uri(self) -> str:
        """Where it lies."""
        return self.view.uri

    @property
    def metadata(self) -> dict[str, Any]:
        """What was logged with it."""
        return self.view.metadata

    def load(self) -> Any:
        """Return the value.

        Raises:
            ArtifactDamagedError: its files are gone or differ from the manifest.
            ComponentNotFoundError: its artifact store is not registered any more.
        """
        from stackyard.authoring.context import current  # noqa: PLC0415

        context = current()
        if context is not None:
            return context.services.load(self.view.id)
        from stackyard.api.artifacts import store_of  # noqa: PLC0415  # only loading needs these
        from stackyard.api.context import open_context  # noqa: PLC0415
        from stackyard.storage.materializers.lookup import load_version  # noqa: PLC0415

        return load_version(store_of(open_context(), self.view), self.view.uri)

    @property
    def run(self) -> PipelineRun:
        """Return the run that made it.

        Raises:
            RunNotFoundError: it was deleted, or no run made it.
        """
        return _client().get_pipeline_run(self.view.run_id)

    def __stackyard_artifact_version__(self) -> str:
        """Tell a pipeline that records a step which version is meant."""
        return self.view.id


@dataclass(frozen=True, repr=False)
class StepRun(Ran):
    """A step of a run."""

    view: StepRunView

    @property
    def outputs(self) -> dict[str, list[ArtifactVersion]]:
        """Return the outputs by name; each is a list of one version."""
        client = _client()
        return {ref.name: [client.get_artifact_version(ref.artifact_version_id)] for ref in self.view.outputs}

    @property
    def output(self) -> ArtifactVersion:
        """Return the only output.

        Raises:
            UsageError: there is none, or there are several.
        """
        from stackyard.model.errors import UsageError  # noqa: PLC0415

        if not self.view.outputs:
            raise UsageError(
                f"The step {self.view.name!r} has no outputs: it is {self.view.status}.", hint="Look at .status first."
            )
        if len(self.view.outputs) > 1:
            names = ", ".join(ref.name for ref in self.view.outputs)
            raise UsageError(f"The step {self.view.name!r} has the outputs {names}.", hint="Use .outputs[NAME][0].")
        return _client().get_artifact_version(self.view.outputs[0].artifact_version_id)

    @property
    def inputs(self) -> dict[str, list[ArtifactVersion]]:
        """Return the inputs by name, each a list: a list that the step was given has all of its versions."""
        client = _client()
        found: dict[str, list[ArtifactVersion]] = {}
        for ref in sorted(self.view.inputs, key=lambda ref: _place(ref.name)):
            version = client.get_artifact_version(ref.artifact_version_id)
            found.setdefault(ref.name.partition("[")[0], []).append(version)
        return found

    @property
    def pipeline_run_id(self) -> str:
        """Return the id of its run."""
        return self.view.run_id

    @property
    def run(self) -> PipelineRun:
        """Return its run."""
        return _client().get_pipeline_run(self.view.run_id)


@dataclass(frozen=True, repr=False)
class PipelineRun(Ran):
    """A run of a pipeline."""

    view: RunView

    @property
    def pipeline(self) -> Named:
        """Return the pipeline's name, which has it as ``.name``, too."""
        return Named(self.view.pipeline)

    @property
    def stack(self) -> Named:
        """Return the stack's name, which has it as ``.name``, too."""
        return Named(self.view.stack)

    @property
    def steps(self) -> dict[str, StepRun]:
        """Return the step runs by name, in topological order."""
        found = self.view.steps or _client().get_pipeline_run(self.view.id).view.steps
        return {step.name: StepRun(step) for step in found}

    @property
    def artifact_versions(self) -> list[ArtifactVersion]:
        """Return the outputs of all steps."""
        return [version for step in self.steps.values() for found in step.outputs.values() for version in found]

    @property
    def model_versions(self) -> list[ModelVersion]:
        """Return the model versions that it worked on."""
        return [_client().get_model_version(version_id) for version_id in self.view.model_version_ids]

    @property
    def model_version(self) -> ModelVersion | None:
        """Return the model version that it worked on, the first of several; None without any."""
        return next(iter(self.model_versions), None)

    def refresh_run_status(self) -> PipelineRun:
        """Return the run as it is now."""
        return _client().get_pipeline_run(self.view.id)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline that ran in the project."""

    name: str
    n_runs: int
    latest_run_id: str

    @property
    def id(self) -> str:
        """Its name: pipelines have no other id."""
        return self.name

    @property
    def runs(self) -> list[PipelineRun]:
        """Return its newest runs, at most 50."""
        return self.get_runs()

    @property
    def last_run(self) -> PipelineRun:
        """Return its newest run."""
        return _client().get_pipeline_run(self.latest_run_id)

    @property
    def last_successful_run(self) -> PipelineRun:
        """Return its newest run that completed.

        Raises:
            RunNotFoundError: there is none.
        """
        from stackyard.model.errors import RunNotFoundError  # noqa: PLC0415

        found = self.get_runs(status="completed", size=1)
        if not found:
            raise RunNotFoundError(f"No run of the pipeline {self.name!r} completed.", hint="Run it first.")
        return found[0]

    def get_runs(self, *, status: str = "", size: int = 50) -> list[PipelineRun]:
        """Return its runs, newest first."""
        return _client().list_pipeline_runs(pipeline=self.name, status=status, size=size).items


@dataclass(frozen=True)
class Artifact:
    """A named artifact of the project."""

    name: str
    tags: list[str]

    @property
    def versions(self) -> dict[int, ArtifactVersion]:
        """Return its newest versions, at most 1000, by number."""
        return {v.version: v for v in _client().list_artifact_versions(artifact=self.name, size=1000).items}


@dataclass(frozen=True, repr=False)
class ModelVersion(Response):
    """A version of a model: what was made of it, and what for."""

    view: ModelVersionView

    @property
    def id(self) -> str:
        """Its id."""
        return self.view.id

    @property
    def number(self) -> int:
        """Its number."""
        return self.view.number

    @property
    def version(self) -> str:
        """Its name, or its number as a text."""
        return self.view.name or str(self.view.number)

    @property
    def stage(self) -> str:
        """``staging``, ``production``, ``archived``, or empty."""
        return self.view.stage

    @property
    def model_artifacts(self) -> dict[str, ArtifactVersion]:
        """Return the newest version of each artifact that is a model, by name."""
        return self._by_name("model")

    @property
    def data_artifacts(self) -> dict[str, ArtifactVersion]:
        """Return the newest version of each artifact that is data, by name."""
        return self._by_name("data")

    @property
    def deployment_artifacts(self) -> dict[str, ArtifactVersion]:
        """Return the newest version of each artifact that is a deployment, by name."""
        return self._by_name("deployment")

    @property
    def pipeline_runs(self) -> dict[str, PipelineRun]:
        """Return the runs that worked on it, by name; at most 1000."""
        client = _client()
        links = client.list_model_version_pipeline_run_links(self.view.id, size=1000).items
        return {link.name: client.get_pipeline_run(link.run_id) for link in links}

    def get_artifact(
        self, name: str, version: int | str | None = None, artifact_type: str | None = None
    ) -> ArtifactVersion | None:
        """Return the newest version of an artifact that is part of it; None when there is none.

        Args:
            name: of the artifact.
            version: number, if not the newest is meant.
            artifact_type: only if it is a ``model``, ``data``, or a ``deployment``.
        """
        number = None if version is None else int(version)
        client = _client()
        cursor: str | None = None
        while True:
            page = client.list_model_version_artifact_links(
                self.view.id, artifact_type=artifact_type, size=1000, cursor=cursor
            )
            for link in page.items:
                if link.artifact_name == name and number in (None, link.version):
                    return client.get_artifact_version(link.artifact_version_id)
            cursor = page.next
            if cursor is None:
                return None

    def set_stage(self, stage: str, force: bool = False) -> ModelVersion:
        """Bring it into a stage; ``force`` archives the version that is there.

        Raises:
            InUseError: another version is there.
            UsageError: there is no such stage.
        """
        return _client().update_model_version(self.view.model_id, self.view.id, stage=str(stage), force=force)

    def _by_name(self, artifact_type: str) -> dict[str, ArtifactVersion]:
        client = _client()
        links = client.list_model_version_artifact_links(self.view.id, artifact_type=artifact_type, size=1000).items
        newest = {link.artifact_name: link.artifact_version_id for link in reversed(links)}
        return {name: client.get_artifact_version(version_id) for name, version_id in newest.items()}


@dataclass(frozen=True, repr=False)
class RegisteredModel(Response):
    """A model: what ``Client().get_model`` gives."""

    view: ModelView

    @property
    def id(self) -> str:
        """Its id."""
        return self.view.id

    @property
    def name(self) -> str:
        """Its name."""
        return self.view.name

    @property
    def versions(self) -> list[ModelVersion]:
        """Return its versions, newest first; at most 1000."""
        return _client().list_model_versions(self.view.id, size=1000).items


@dataclass(frozen=True)
class Resource:
    """A thing that tags or metadata are put on."""

    id: str
    type: str
    """``pipeline_run``, ``step_run``, ``artifact``, ``artifact_version``, ``model``, ``model_version``."""


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A page of a list; it can be looped over."""

    items: list[T]
    total: int
    """Of the whole list."""
    next: str | None = None
    """Cursor of the next page; None on the last."""

    def __iter__(self) -> Iterator[T]:
        """Loop over the items of the page."""
        return iter(self.items)

    def __len__(self) -> int:
        """Return how many items the page has."""
        return len(self.items)

    def __getitem__(self, place: int) -> T:
        """Return an item of the page."""
        return self.items[place]

    def __contains__(self, item: object) -> bool:
        """Tell whether the page has it."""
        return item in self.items


def _client() -> Client:
    from stackyard.api.client import Client  # noqa: PLC0415  # it gives these out

    return Client()


def _place(name: str) -> tuple[str, int]:
    """Return name and place of a member of a list: ``x[10]`` comes after ``x[9]``."""
    base, _, rest = name.partition("[")
    return base, int(rest[:-1]) if rest[:-1].isdecimal() else -1
