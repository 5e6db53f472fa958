"""``Model``: a model as code names it, for ``@pipeline(model=)`` and ``@step(model=)``, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from stackyard.model.errors import OptionError
from stackyard.model.options import ModelSpec, ModelVersionRef

if TYPE_CHECKING:
    from stackyard.api.responses import ArtifactVersion, ModelVersion, PipelineRun


class Model:
    """A model of the project, and one of its versions.

    A run that works on it without a version makes a new one. Asked for artifacts or metadata, it stands for the version
    that was named; without one for that of the running step, else for the newest.
    """

    def __init__(
        self,
        name: str,
        version: str | int | None = None,
        *,
        description: str | None = None,
        license: str | None = None,  # noqa: A002  # ZenML's word
        audience: str | None = None,
        use_cases: str | None = None,
        limitations: str | None = None,
        trade_offs: str | None = None,
        ethics: str | None = None,
        tags: Sequence[str] | None = None,
        save_models_to_registry: bool = True,
    ) -> None:
        """Name a model; nothing is looked up or made yet.

        Args:
            name: of the model.
            version: number, name, or stage (``staging``, ``production``, ``latest``); None: a new one a run.
            description: what the model, and a version that is made, says of itself.
            license: what the model says of itself; as the following, once it is there it keeps what it says.
            audience: for whom.
            use_cases: for what.
            limitations: what it can't.
            trade_offs: what was given up for what.
            ethics: what is to be thought of.
            tags: of the model and of a version that is made.
            save_models_to_registry: has no effect: no model registry flavor is there.

        Raises:
            OptionError: something of it is of the wrong type.
        """
        fields = {
            "name": name, "version": _plain(version), "description": description, "license": license,
            "audience": audience, "use_cases": use_cases, "limitations": limitations, "trade_offs": trade_offs,
            "ethics": ethics, "tags": [tags] if isinstance(tags, str) else tags,
            "save_models_to_registry": save_models_to_registry,
        }  # fmt: skip
        try:
            self._spec = ModelSpec.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            raise OptionError(
                f"Model({name!r}): {'.'.join(map(str, first['loc']))}: {first['msg']}.",
                hint='Write Model(name="classifier", version=None, tags=["nightly"]).',
            ) from error
        self._version_id = ""

    @classmethod
    def of_version(cls, ref: ModelVersionRef) -> Model:
        """Return the model of a version that exists, as a running step knows it."""
        model = cls(ref.model, ref.number)
        model._version_id = ref.model_version_id
        return model

    def __repr__(self) -> str:
        version = "" if self._spec.version is None else f", version={self._spec.version!r}"
        return f"Model({self._spec.name!r}{version})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self._spec == other._spec

    def __hash__(self) -> int:
        return hash((self._spec.name, self._spec.version))

    def __stackyard_model__(self) -> ModelSpec:
        """Tell a pipeline that is recorded which model is meant."""
        return self._spec

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._spec.name

    @property
    def version(self) -> str | int | None:
        """Return the version as it was named."""
        return self._spec.version

    # the version ------------------------------------------------------------------------------------------------

    @property
    def model_version(self) -> ModelVersion:
        """Return the version that it stands for, as the catalog knows it now.

        Raises:
            ModelNotFoundError: there is no such model or version.
        """
        from stackyard.api.client import Client  # noqa: PLC0415  # naming a model needs no catalog
        from stackyard.authoring.context import current  # noqa: PLC0415

        context = current()
        if not self._version_id and self._spec.version is None and context is not None:
            ref = context.model_version
            if ref is not None and ref.model == self._spec.name:
                return Client().get_model_version(ref.model_version_id)
        if self._version_id:
            return Client().get_model_version(self._version_id)
        return Client().get_model_version(self._spec.name, self._spec.version)

    @property
    def id(self) -> str:
        """Return the version's id."""
        return self.model_version.id

    @property
    def model_id(self) -> str:
        """Return the model's id."""
        return self.model_version.view.model_id

    @property
    def number(self) -> int:
        """Return the version's number."""
        return self.model_version.number

    @property
    def stage(self) -> str:
        """Return the version's stage: ``staging``, ``production``, ``archived``, or empty."""
        return self.model_version.stage

    @property
    def tags(self) -> list[str]:
        """Return the version's tags."""
        return self.model_version.view.tags

    @property
    def run_metadata(self) -> dict[str, Any]:
        """Return the version's metadata."""
        return self.model_version.run_metadata

    metadata = run_metadata

    @property
    def pipeline_runs(self) -> dict[str, PipelineRun]:
        """Return the runs that worked on the version, by name."""
        return self.model_version.pipeline_runs

    def log_metadata(self, metadata: dict[str, Any]) -> None:
        """Add to the version's metadata; what it has under the same names is replaced.

        Raises:
            MaterializationError: a value is no JSON value.
        """
        from stackyard.api.client import Client  # noqa: PLC0415
        from stackyard.api.responses import Resource  # noqa: PLC0415

        Client().create_run_metadata(metadata, [Resource(self.id, "model_version")])

    def set_stage(self, stage: str, force: bool = False) -> None:
        """Bring the version into a stage; ``force`` archives the version that is there.

        Raises:
            InUseError: another version is there.
            UsageError: there is no such stage.
        """
        self.model_version.set_stage(stage, force)

    # its artifacts ----------------------------------------------------------------------------------------------

    def get_artifact(self, name: str, version: int | str | None = None) -> ArtifactVersion | None:
        """Return the newest version of an artifact that is part of it; None when there is none.

        What comes back can be an input of a step.
        """
        return self.model_version.get_artifact(name, version)

    def get_model_artifact(self, name: str, version: int | str | None = None) -> ArtifactVersion | None:
        """Return an artifact version that is a model; None when there is none."""
        return self.model_version.get_artifact(name, version, "model")

    def get_data_artifact(self, name: str, version: int | str | None = None) -> ArtifactVersion | None:
        """Return an artifact version that is data; None when there is none."""
        return self.model_version.get_artifact(name, version, "data")

    def get_deployment_artifact(self, name: str, version: int | str | None = None) -> ArtifactVersion | None:
        """Return an artifact version that is a deployment; None when there is none."""
        return self.model_version.get_artifact(name, version, "deployment")

    def load_artifact(self, name: str, version: int | str | None = None) -> Any:
        """Return the value of an artifact that is part of it.

        Raises:
            ArtifactNotFoundError: no artifact of that name, or no such version, is part of it.
        """
        found = self.get_artifact(name, version)
        if found is None:
            raise self._without(name, version)
        return found.load()

    def delete_artifact(self, name: str, version: int | str | None = None) -> None:
        """Take an artifact version out of it; the artifact version stays.

        Raises:
            ArtifactNotFoundError: no artifact of that name, or no such version, is part of it.
        """
        from stackyard.api.client import Client  # noqa: PLC0415

        found = self.get_artifact(name, version)
        if found is None:
            raise self._without(name, version)
        Client().delete_model_version_artifact_link(self.id, found.id)

    def delete_all_artifacts(self) -> None:
        """Take all artifact versions out of it; they stay."""
        from stackyard.api.client import Client  # noqa: PLC0415

        Client().delete_all_model_version_artifact_links(self.id)

    def _without(self, name: str, version: int | str | None) -> Exception:
        from stackyard.model.errors import ArtifactNotFoundError  # noqa: PLC0415  # only on the way to an error
        from stackyard.model.names import did_you_mean  # noqa: PLC0415

        mine = self.model_version
        known = list({**mine.model_artifacts, **mine.data_artifacts, **mine.deployment_artifacts})
        what = f"version {version} of the artifact {name!r}" if version is not None else f"an artifact {name!r}"
        shown = f"Its artifacts: {', '.join(known)}." if known else "It has no artifacts."
        return ArtifactNotFoundError(
            f"Version {mine.version} of the model {self.name!r} does not have {what}.",
            hint=f"{did_you_mean(name, known)} {shown}".strip(),
        )


def _plain(version: str | int | None) -> str | int | None:
    """Return a member of an enum as its word."""
    return str(version) if isinstance(version, str) else version
