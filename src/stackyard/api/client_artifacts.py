"""``Client``: artifacts, artifact versions and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.api import artifacts, tags
from stackyard.api.asking import asks
from stackyard.api.client_lists import listed, words
from stackyard.api.client_runs import entities_of
from stackyard.api.context import Context
from stackyard.api.responses import Artifact, ArtifactVersion, Listed, Resource
from stackyard.model.errors import UsageError
from stackyard.model.model_views import TagView
from stackyard.model.views import ArtifactView

if TYPE_CHECKING:
    from stackyard.api.artifact_prune import PruneView


class ArtifactMethods:
    """Artifacts, artifact versions and tags."""

    _context: Context

    @asks
    def get_artifact(self, name_id_or_prefix: str) -> Artifact:
        """Return an artifact by name.

        Raises:
            ArtifactNotFoundError: the project has none of that name.
        """
        return Artifact(name_id_or_prefix, self._tags_of_artifact(name_id_or_prefix))

    @asks
    def list_artifacts(
        self,
        sort_by: str = "",
        page: int = 1,
        size: int = 50,
        *,
        cursor: str | None = None,
        name: str = "",
        tag: str | None = None,
        tags: list[str] | None = None,
    ) -> Listed[ArtifactView]:
        """Return a page of artifacts by name, one entry for each artifact store that holds versions.

        Args:
            sort_by: a field, such as ``desc:n_versions``; default: by name.
            page: counted from 1.
            size: entries at most.
            cursor: ``next`` of the page before, instead of ``page``.
            name: only artifacts whose names contain this.
            tag: only artifacts that have it.
            tags: only artifacts that have all of these.
        """
        ctx, wanted = self._context, [*words(tag), *words(tags)]
        return listed(
            lambda limit, after: artifacts.list_artifacts(ctx, limit=limit, cursor=after, tags=wanted, name=name),
            lambda view: view, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="asc:name",
        )  # fmt: skip

    @asks
    def update_artifact(
        self, name_id_or_prefix: str, add_tags: list[str] | None = None, remove_tags: list[str] | None = None
    ) -> Artifact:
        """Put tags on an artifact and take others from it.

        Raises:
            ArtifactNotFoundError: the project has none of that name.
        """
        artifact_id = artifacts.artifact_id(self._context, name_id_or_prefix)
        tags.remove_tags(self._context, "artifact", artifact_id, words(remove_tags))
        tags.add_tags(self._context, "artifact", artifact_id, words(add_tags))
        return Artifact(name_id_or_prefix, self._tags_of_artifact(name_id_or_prefix))

    @asks
    def delete_artifact(self, name_id_or_prefix: str) -> None:
        """Delete all versions of an artifact that nothing uses; their files stay in the artifact store.

        Raises:
            ArtifactNotFoundError: the project has none of that name.
            InUseError: runs or model versions have one of them; those before it are deleted.
        """
        for version in self.get_artifact(name_id_or_prefix).versions.values():
            artifacts.delete_version(self._context, version.view)

    @asks
    def get_artifact_version(self, name_id_or_prefix: str, version: int | str | None = None) -> ArtifactVersion:
        """Return an artifact version; the newest without a number.

        Raises:
            ArtifactNotFoundError: there is none.
            UsageError: the version is no number.
        """
        return ArtifactVersion(artifacts.get_version(self._context, str(name_id_or_prefix), _number(version)))

    @asks
    def list_artifact_versions(
        self,
        sort_by: str = "",
        page: int = 1,
        size: int = 50,
        *,
        cursor: str | None = None,
        artifact: str | None = None,
        name: str = "",
        version: int | str | None = None,
        run: str | None = None,
        model_version_id: str = "",
        only_unused: bool = False,
        tag: str | None = None,
        tags: list[str] | None = None,
    ) -> Listed[ArtifactVersion]:
        """Return a page of artifact versions, newest first.

        Args:
            sort_by: a field, such as ``desc:size_bytes``; default: newest first.
            page: counted from 1.
            size: versions at most.
            cursor: ``next`` of the page before, instead of ``page``.
            artifact: only versions of this artifact.
            name: only versions of artifacts whose names contain this.
            version: only the one with this number; needs ``artifact``.
            run: only versions that this run made; name or id prefix.
            model_version_id: only versions that are part of this model version.
            only_unused: only versions that no run and no model version has.
            tag: only versions that have it.
            tags: only versions that have all of these.

        Raises:
            ArtifactNotFoundError: the project has no such artifact, or no such version.
            RunNotFoundError: there is no such run.
        """
        ctx, wanted = self._context, [*words(tag), *words(tags)]
        if artifact is not None and version is not None:
            found = ArtifactVersion(artifacts.find_version(ctx, artifact, _number(version)))
            return Listed([found], 1)
        if artifact is not None and not (run or model_version_id or only_unused):
            return listed(
                lambda limit, after: artifacts.list_versions(ctx, artifact, limit=limit, cursor=after, tags=wanted),
                ArtifactVersion, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="desc:created",
            )  # fmt: skip
        run_id = ""
        if run:
            from stackyard.api.runs import get_run  # noqa: PLC0415

            run_id = get_run(ctx, run).id
        return listed(
            lambda limit, after: artifacts.search_versions(
                ctx, limit=limit, cursor=after, tags=wanted, name=name, artifact=artifact or "", run_id=run_id,
                model_version_id=model_version_id, only_unused=only_unused,
            ),
            ArtifactVersion, size=size, page=page, cursor=cursor, sort_by=sort_by, natural="desc:created",
        )  # fmt: skip

    @asks
    def update_artifact_version(
        self,
        name_id_or_prefix: str,
        version: int | str | None = None,
        add_tags: list[str] | None = None,
        remove_tags: list[str] | None = None,
    ) -> ArtifactVersion:
        """Put tags on an artifact version, the newest without a number, and take others from it.

        Raises:
            ArtifactNotFoundError: there is none.
        """
        found = artifacts.find_version(self._context, str(name_id_or_prefix), _number(version))
        tags.remove_tags(self._context, "artifact_version", found.id, words(remove_tags))
        tags.add_tags(self._context, "artifact_version", found.id, words(add_tags))
        return ArtifactVersion(artifacts.find_version(self._context, found.id))

    @asks
    def delete_artifact_version(
        self,
        name_id_or_prefix: str,
        version: int | str | None = None,
        delete_metadata: bool = True,
        delete_from_artifact_store: bool = False,
    ) -> None:
        """Delete an artifact version that nothing uses, the newest without a number.

        Args:
            name_id_or_prefix: its artifact, or its id.
            version: its number.
            delete_metadata: False is refused: what the catalog does not know is not there.
            delete_from_artifact_store: its files, too.

        Raises:
            ArtifactNotFoundError: there is none.
            InUseError: runs or model versions have it.
        """
        if not delete_metadata:
            raise UsageError(
                "A version without its files would be damaged.", hint="Leave delete_metadata out to delete both."
            )
        found = artifacts.find_version(self._context, str(name_id_or_prefix), _number(version))
        artifacts.delete_version(self._context, found, data=delete_from_artifact_store)

    @asks
    def prune_artifacts(
        self,
        only_versions: bool = True,  # noqa: ARG002  # ZenML's keyword
        delete_from_artifact_store: bool = False,
        project: str | None = None,
    ) -> PruneView:
        """Delete all artifact versions that no run and no model version has.

        Those that have the tag ``keep``, or were made by a run with it or by one that goes on, stay.

        Args:
            only_versions: no effect: an artifact without versions is not listed.
            delete_from_artifact_store: their files, too; otherwise only the catalog forgets them.
            project: refused: the project is that of the working folder.

        Returns:
            What went.
        """
        from stackyard.api.artifact_prune import plan_prune, prune  # noqa: PLC0415  # seldom needed

        if project is not None:
            raise UsageError("project= can't be given.", hint="Change into the project's folder.")
        return prune(self._context, plan_prune(self._context), keep_files=not delete_from_artifact_store)

    # tags -------------------------------------------------------------------------------------------------------

    @asks
    def get_tag(self, tag_name_or_id: str) -> TagView:
        """Return a tag and what has it.

        Raises:
            NotFoundError: nothing in the project has it.
        """
        return tags.get_tag(self._context, tag_name_or_id)

    @asks
    def list_tags(self, name: str = "") -> list[TagView]:
        """Return the project's tags by name; ``name``: only those that contain it."""
        return [tag for tag in tags.list_tags(self._context) if name in tag.name]

    @asks
    def update_tag(self, tag_name_or_id: str, name: str) -> TagView:
        """Call a tag otherwise, wherever the project has it.

        Raises:
            NotFoundError: nothing in the project has it.
        """
        return tags.rename_tag(self._context, tag_name_or_id, name)

    @asks
    def delete_tag(self, tag_name_or_id: str) -> None:
        """Take a tag from everything in the project.

        Raises:
            NotFoundError: nothing in the project has it.
        """
        tags.delete_tag(self._context, tag_name_or_id)

    @asks
    def attach_tag(self, tag: str, resources: list[Resource]) -> None:
        """Put a tag on things: :class:`Resource`, with a whole ``id`` and a ``type``."""
        for entity, entity_id in entities_of(resources):
            tags.add_tags(self._context, entity, entity_id, [tag])

    @asks
    def detach_tag(self, tag_name_or_id: str, resources: list[Resource]) -> None:
        """Take a tag from things."""
        for entity, entity_id in entities_of(resources):
            tags.remove_tags(self._context, entity, entity_id, [tag_name_or_id])

    def _tags_of_artifact(self, name: str) -> list[str]:
        artifact_id = artifacts.artifact_id(self._context, name)
        with self._context.catalog() as catalog:
            return catalog.tags_of("artifact", artifact_id) if catalog else []


def _number(version: int | str | None) -> int | None:
    if version is None or isinstance(version, int):
        return version
    if not version.isdecimal():
        raise UsageError(f"{version!r} is no version number of an artifact.", hint="Versions are 1, 2, 3 ...")
    return int(version)
