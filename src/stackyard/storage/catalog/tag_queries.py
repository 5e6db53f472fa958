"""Questions about tags."""

from __future__ import annotations

from stackyard.model.model_views import TagView
from stackyard.storage.catalog.queries import Queries


class TagQueries(Queries):
    """Which tags there are, and on what."""

    def list_tags(self, project_id: str | None) -> list[TagView]:
        """Return the tags by name, with how many things of each kind have them; ``None`` means all projects."""
        where = "" if project_id is None else "WHERE project_id = ?"
        rows = self._sql.execute(
            f"SELECT tag, entity, COUNT(*) FROM tags {where} GROUP BY tag, entity ORDER BY tag, entity",  # noqa: S608
            () if project_id is None else (project_id,),
        )
        found: dict[str, TagView] = {}
        for tag, entity, count in rows:
            view = found.setdefault(tag, TagView(name=tag))
            view.things[entity] = count
            view.n_things += count
        return list(found.values())

    def tags_of(self, entity: str, entity_id: str) -> list[str]:
        """Return the tags of a thing in alphabetical order."""
        return self._tags_of(entity, [entity_id]).get(entity_id, [])
