"""What lists and descriptions read from the catalog."""

from __future__ import annotations

from stackyard.storage.catalog.artifact_queries import ArtifactQueries
from stackyard.storage.catalog.model_queries import ModelQueries
from stackyard.storage.catalog.run_queries import RunQueries
from stackyard.storage.catalog.tag_queries import TagQueries


class CatalogReader(RunQueries, ArtifactQueries, ModelQueries, TagQueries):
    """Read-only questions to an open catalog."""

    def data_version(self) -> int:
        """Return a number that changes when another connection commits."""
        return int(self._sql.execute("PRAGMA data_version").fetchone()[0])

    def changes_since(self, seq: int) -> tuple[int, list[tuple[str, str]]]:
        """Return the newest sequence number and (entity, id) of what came after ``seq``."""
        rows = self._sql.execute("SELECT seq, entity, id FROM changes WHERE seq > ? ORDER BY seq", (seq,)).fetchall()
        return (rows[-1]["seq"] if rows else seq), [(row["entity"], row["id"]) for row in rows]

    def last_change(self) -> int:
        """Return the newest sequence number."""
        return int(self._sql.execute("SELECT COALESCE(MAX(seq), 0) FROM changes").fetchone()[0])
