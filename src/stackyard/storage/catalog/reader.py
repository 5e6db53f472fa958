"""What lists and descriptions read from the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stackyard.storage.catalog.artifact_queries import ArtifactQueries
from stackyard.storage.catalog.explain_queries import ExplainQueries
from stackyard.storage.catalog.lineage_queries import LineageQueries
from stackyard.storage.catalog.model_queries import ModelQueries
from stackyard.storage.catalog.run_queries import RunQueries
from stackyard.storage.catalog.tag_queries import TagQueries

if TYPE_CHECKING:
    from stackyard.storage.catalog.records import Owner


class CatalogReader(RunQueries, ArtifactQueries, ModelQueries, TagQueries, ExplainQueries, LineageQueries):
    """Read-only questions to an open catalog."""

    def data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        return int(self._sql.execute("PRAGMA data_version").fetchone()[0])

    def run_record(self, run_id: str) -> bytes | None:
        """Return what a catalog that is made anew needs to know of a run; None when there is no such run."""
        from stackyard.storage.catalog.records import run_record  # noqa: PLC0415  # at the end of a run, and then

        return run_record(self._sql, run_id)

    def version_record(self, version_id: str) -> bytes | None:
        """Return the same of a version; None when there is no such version."""
        from stackyard.storage.catalog.records import versions_record  # noqa: PLC0415  # as above

        return versions_record(self._sql, [version_id])

    def model_record(self, model_id: str) -> bytes | None:
        """Return the same of a model and its versions; None when there is no such model."""
        from stackyard.storage.catalog.model_records import model_record  # noqa: PLC0415  # as above

        return model_record(self._sql, model_id)

    def model_stores(self, model_id: str) -> list[str]:
        """Return the ids of the artifact stores that have something of a model's versions."""
        from stackyard.storage.catalog.model_records import model_stores  # noqa: PLC0415  # as above

        return model_stores(self._sql, model_id)

    def record_owner(self, entity: str, entity_id: str) -> Owner | None:
        """Return the run or version whose record tells of a thing; None for models, and for what is not there."""
        from stackyard.storage.catalog.records import record_owner  # noqa: PLC0415  # as above

        return record_owner(self._sql, entity, entity_id)

    def changes_since(self, seq: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the newest sequence number and (entity, id) of what came after ``seq``."""
        rows = self._sql.execute("SELECT seq, entity, id FROM changes WHERE seq > ? ORDER BY seq", (seq,)).fetchall()
        return (rows[-1]["seq"] if rows else seq), [(row["entity"], row["id"]) for row in rows]

    def last_change(self) -> int:
        """Return the newest sequence number."""
        return int(self._sql.execute("SELECT COALESCE(MAX(seq), 0) FROM changes").fetchone()[0])
