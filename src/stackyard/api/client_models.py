"""``Client``: models, their versions, and what is linked to them."""

from __future__ import annotations

from stackyard.api import models
from stackyard.api.asking import asks
from stackyard.api.client_lists import listed, words
from stackyard.api.context import Context
from stackyard.api.responses import Listed, ModelVersion, RegisteredModel
from stackyard.model.model_views import ModelArtifactView, ModelRunView


class ModelMethods:
    """Models and model versions."""

    _context: Context

    @asks
    def create_model(
        self,
        name: str,
        *,
        license: str | None = None,  # noqa: A002  # ZenML's word
        description: str | None = None,
        audience: str | None = None,
        use_cases: str | None = None,
        limitations: str | None = None,
        trade_offs: str | None = None,
        ethics: str | None = None,
        tags: list[str] | None = None,
    ) -> RegisteredModel:
        """Register a model.

        Raises:
            AlreadyExistsError: the project has a model of that name.
        """
        texts = _texts(
            license=license, description=description, audience=audience, use_cases=use_cases, limitations=limitations,
            trade_offs=trade_offs, ethics=ethics,
        )  # fmt: skip
        return RegisteredModel(models.create_model(self._context, name, texts, words(tags)))

    @asks
    def get_model(self, model_name_or_id: str) -> RegisteredModel:
        """Return a model.

        Raises:
            ModelNotFoundError: there is none.
        """
        return RegisteredModel(models.get_model(self._context, str(model_name_or_id)))

    @asks
    def list_models(
        self,
        sort_by: str = "",
        page: int = 1,
        size: int = 50,
        *,
        cursor: str | None = None,
        name: str = "",
        tag: str | None = None,
        tags: list[str] | None = None,
    ) -> Listed[RegisteredModel]:
        """Return a page of models by name; arguments as for ``list_artifacts``."""
        ctx, wanted = self._context, [*words(tag), *words(tags)]
        return listed(
            lambda limit, after: models.list_models(ctx, limit=limit, cursor=after, tags=wanted, name=name),
            RegisteredModel, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="asc:name",
        )  # fmt: skip

    @asks
    def update_model(
        self,
        model_name_or_id: str,
        *,
        name: str | None = None,
        license: str | None = None,  # noqa: A002  # ZenML's word
        description: str | None = None,
        audience: str | None = None,
        use_cases: str | None = None,
        limitations: str | None = None,
        trade_offs: str | None = None,
        ethics: str | None = None,
        add_tags: list[str] | None = None,
        remove_tags: list[str] | None = None,
    ) -> RegisteredModel:
        """Rename a model, or change what it says of itself and its tags; None leaves things as they are.

        Raises:
            ModelNotFoundError: there is none.
            AlreadyExistsError: the new name is taken.
        """
        texts = _texts(
            license=license, description=description, audience=audience, use_cases=use_cases, limitations=limitations,
            trade_offs=trade_offs, ethics=ethics,
        )  # fmt: skip
        return RegisteredModel(
            models.update_model(
                self._context, str(model_name_or_id), name=name, texts=texts, tags=words(add_tags),
                remove=words(remove_tags),
            )
        )  # fmt: skip

    @asks
    def delete_model(self, model_name_or_id: str) -> None:
        """Delete a model with its versions; linked runs and artifact versions stay.

        Raises:
            ModelNotFoundError: there is none.
        """
        models.delete_model(self._context, str(model_name_or_id))

    @asks
    def create_model_version(
        self,
        model_name_or_id: str,
        name: str | None = None,
        description: str | None = None,
        tags: list[str] | None = None,
    ) -> ModelVersion:
        """Make a new version of a model, without a run.

        Raises:
            ModelNotFoundError: there is no such model.
            AlreadyExistsError: the model has a version of that name.
        """
        return ModelVersion(
            models.create_version(
                self._context, str(model_name_or_id), name=name or "", description=description or "", tags=words(tags)
            )
        )

    @asks
    def get_model_version(
        self, model_name_or_id: str, model_version_name_or_number_or_id: str | int | None = None
    ) -> ModelVersion:
        """Return a model version by number, name, stage, ``latest`` or id; the newest without any.

        Raises:
            ModelNotFoundError: there is no such model or version.
        """
        wanted = model_version_name_or_number_or_id
        return ModelVersion(models.get_version(self._context, str(model_name_or_id), wanted))

    @asks
    def list_model_versions(
        self,
        model: str | None = None,
        sort_by: str = "",
        page: int = 1,
        size: int = 50,
        *,
        cursor: str | None = None,
        stage: str = "",
        name: str = "",
        number: int | None = None,
        tag: str | None = None,
        tags: list[str] | None = None,
    ) -> Listed[ModelVersion]:
        """Return a page of model versions, newest first.

        Args:
            model: only versions of this model; name or id.
            sort_by: a field, such as ``asc:number``; default: newest first.
            page: counted from 1.
            size: versions at most.
            cursor: ``next`` of the page before, instead of ``page``.
            stage: only versions in this stage; ``latest``: only the newest of each model.
            name: only versions whose own names contain this.
            number: only versions with this number.
            tag: only versions that have it.
            tags: only versions that have all of these.

        Raises:
            ModelNotFoundError: there is no such model.
        """
        ctx, wanted = self._context, [*words(tag), *words(tags)]
        return listed(
            lambda limit, after: models.list_versions(
                ctx, model, limit=limit, cursor=after, stage=str(stage), tags=wanted, name=name, number=number
            ),
            ModelVersion, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="desc:created",
        )  # fmt: skip

    @asks
    def update_model_version(
        self,
        model_name_or_id: str,
        version_name_or_id: str | int,
        stage: str | None = None,
        force: bool = False,
        *,
        name: str | None = None,
        description: str | None = None,
        add_tags: list[str] | None = None,
        remove_tags: list[str] | None = None,
    ) -> ModelVersion:
        """Change a model version, or bring it into a stage; ``force`` archives the version that is there.

        Raises:
            ModelNotFoundError: there is no such model or version.
            InUseError: another version is in the stage.
        """
        return ModelVersion(
            models.update_version(
                self._context, str(model_name_or_id), version_name_or_id, name=name, description=description,
                stage=None if stage is None else str(stage), force=force, tags=words(add_tags),
                remove=words(remove_tags),
            )
        )  # fmt: skip

    @asks
    def delete_model_version(self, model_version_id: str) -> None:
        """Delete a model version by its id; linked runs and artifact versions stay.

        Raises:
            ModelNotFoundError: there is none.
        """
        view = models.get_version(self._context, str(model_version_id))
        models.delete_version(self._context, view.model_id, view.id)

    @asks
    def list_model_version_artifact_links(
        self, model_version_id: str, artifact_type: str | None = None, size: int = 50, cursor: str | None = None
    ) -> Listed[ModelArtifactView]:
        """Return a page of the artifact versions of a model version, newest first.

        Args:
            model_version_id: its id.
            artifact_type: only ``model``, ``data`` or ``deployment``.
            size: artifact versions at most.
            cursor: ``next`` of the page before.
        """
        ctx, version_id = self._context, models.get_version(self._context, str(model_version_id)).id
        return listed(
            lambda limit, after: models.list_artifacts(ctx, version_id, artifact_type, limit=limit, cursor=after),
            lambda view: view, size=size, cursor=cursor, natural="",
        )  # fmt: skip

    @asks
    def list_model_version_pipeline_run_links(
        self, model_version_id: str, size: int = 50, cursor: str | None = None
    ) -> Listed[ModelRunView]:
        """Return a page of the runs that worked on a model version, newest first."""
        ctx, version_id = self._context, models.get_version(self._context, str(model_version_id)).id
        return listed(
            lambda limit, after: models.list_runs(ctx, version_id, limit=limit, cursor=after),
            lambda view: view, size=size, cursor=cursor, natural="",
        )  # fmt: skip

    @asks
    def delete_model_version_artifact_link(self, model_version_id: str, artifact_version_id: str) -> None:
        """Take an artifact version out of a model version; it stays.

        Raises:
            ModelNotFoundError: there is no such model version.
        """
        version = models.get_version(self._context, str(model_version_id))
        models.unlink_artifacts(self._context, version.id, [str(artifact_version_id)])

    @asks
    def delete_all_model_version_artifact_links(self, model_version_id: str) -> None:
        """Take all artifact versions out of a model version; they stay.

        Raises:
            ModelNotFoundError: there is no such model version.
        """
        models.unlink_artifacts(self._context, models.get_version(self._context, str(model_version_id)).id)


def _texts(**given: str | None) -> dict[str, str]:
    return {name: text for name, text in given.items() if text is not None}
