"""The catalog's tables, as numbered migrations. Nothing newer than SQLite 3.31.

Column names equal the fields of the models; JSON columns hold canonical JSON. Times are UTC ISO 8601 texts, which
sort as text.
"""

from __future__ import annotations

VERSION = 5

_V1 = (
    """CREATE TABLE projects (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, root TEXT NOT NULL)""",
    """CREATE TABLE runs (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, number INTEGER NOT NULL, pipeline TEXT NOT NULL,
        project_id TEXT NOT NULL, status TEXT NOT NULL,
        stack TEXT NOT NULL, stack_id TEXT NOT NULL, stack_origin TEXT NOT NULL, orchestrator TEXT NOT NULL,
        artifact_store TEXT NOT NULL, artifact_store_id TEXT NOT NULL,
        created_at TEXT NOT NULL, started_at TEXT NOT NULL DEFAULT '', ended_at TEXT NOT NULL DEFAULT '',
        parameters TEXT NOT NULL DEFAULT '{}', metadata TEXT NOT NULL DEFAULT '{}', error TEXT,
        file TEXT NOT NULL DEFAULT '', line INTEGER NOT NULL DEFAULT 0, pid INTEGER NOT NULL DEFAULT 0,
        UNIQUE (project_id, name))""",
    "CREATE INDEX runs_by_project ON runs (project_id, id)",
    "CREATE INDEX runs_by_pipeline ON runs (project_id, pipeline, number)",
    """CREATE INDEX runs_by_status ON runs (status)
        WHERE status IN ('initializing', 'queued', 'running', 'retrying', 'stopping')""",
    """CREATE TABLE step_runs (
        id TEXT PRIMARY KEY, run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        name TEXT NOT NULL, position INTEGER NOT NULL, status TEXT NOT NULL,
        started_at TEXT NOT NULL DEFAULT '', ended_at TEXT NOT NULL DEFAULT '',
        cache_key TEXT NOT NULL DEFAULT '', cache_parts TEXT, cache_hit INTEGER NOT NULL DEFAULT 0,
        cache_reason TEXT, cache_detail TEXT NOT NULL DEFAULT '', cache_source_run_id TEXT NOT NULL DEFAULT '',
        artifact_store_id TEXT NOT NULL DEFAULT '', project_id TEXT NOT NULL DEFAULT '',
        pipeline TEXT NOT NULL DEFAULT '',
        error TEXT, parameters TEXT NOT NULL DEFAULT '{}', metadata TEXT NOT NULL DEFAULT '{}',
        upstream TEXT NOT NULL DEFAULT '[]', file TEXT NOT NULL DEFAULT '', line INTEGER NOT NULL DEFAULT 0,
        pid INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 1,
        UNIQUE (run_id, name))""",
    "CREATE INDEX step_runs_by_cache_key ON step_runs (cache_key, status)",
    "CREATE INDEX step_runs_by_step ON step_runs (project_id, pipeline, name, artifact_store_id, id)",
    """CREATE TABLE artifacts (
        id INTEGER PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (project_id, name))""",
    """CREATE TABLE artifact_versions (
        id TEXT PRIMARY KEY, artifact_id INTEGER NOT NULL REFERENCES artifacts (id), version INTEGER NOT NULL,
        type TEXT NOT NULL, materializer TEXT NOT NULL, data_format TEXT NOT NULL,
        digest TEXT NOT NULL, size_bytes INTEGER NOT NULL, shape TEXT, unsafe INTEGER NOT NULL DEFAULT 0,
        deterministic INTEGER NOT NULL DEFAULT 1, uri TEXT NOT NULL,
        artifact_store_id TEXT NOT NULL, artifact_store TEXT NOT NULL,
        run_id TEXT NOT NULL DEFAULT '', step_run_id TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
        UNIQUE (artifact_id, version))""",
    "CREATE INDEX artifact_versions_by_store ON artifact_versions (artifact_store_id, artifact_id, version)",
    "CREATE INDEX artifact_versions_by_step_run ON artifact_versions (step_run_id)",
    """CREATE TABLE step_inputs (
        step_run_id TEXT NOT NULL REFERENCES step_runs (id) ON DELETE CASCADE, name TEXT NOT NULL,
        artifact_version_id TEXT NOT NULL, PRIMARY KEY (step_run_id, name)) WITHOUT ROWID""",
    "CREATE INDEX step_inputs_by_version ON step_inputs (artifact_version_id)",
    """CREATE TABLE step_outputs (
        step_run_id TEXT NOT NULL REFERENCES step_runs (id) ON DELETE CASCADE, name TEXT NOT NULL,
        position INTEGER NOT NULL, artifact_version_id TEXT NOT NULL,
        PRIMARY KEY (step_run_id, name)) WITHOUT ROWID""",
    "CREATE INDEX step_outputs_by_version ON step_outputs (artifact_version_id)",
    """CREATE TABLE changes (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, entity TEXT NOT NULL, id TEXT NOT NULL)""",
)

_V2 = (
    # What a driver was asked for, so that `run resume` and `run retry` can ask again; and what the run says of itself.
    "ALTER TABLE runs ADD COLUMN request TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE runs ADD COLUMN configuration TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE step_runs ADD COLUMN configuration TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE step_runs ADD COLUMN model_version_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE step_inputs ADD COLUMN item INTEGER",
    "ALTER TABLE artifact_versions ADD COLUMN save_type TEXT NOT NULL DEFAULT 'step_output'",
    # The largest number that a version ever had: one that was deleted never comes back as something else.
    "ALTER TABLE artifacts ADD COLUMN last_version INTEGER NOT NULL DEFAULT 0",
    """UPDATE artifacts SET last_version =
        COALESCE((SELECT MAX(version) FROM artifact_versions v WHERE v.artifact_id = artifacts.id), 0)""",
    # What a step costs: only what the cache can find is in its index, and no number of changes lies in a table of its
    # own. The newest change is never deleted, so numbers go up without that.
    "DROP INDEX step_runs_by_cache_key",
    "CREATE INDEX step_runs_by_cache_key ON step_runs (cache_key, project_id, id) WHERE status = 'completed'",
    "ALTER TABLE changes RENAME TO changes_1",
    "CREATE TABLE changes (seq INTEGER PRIMARY KEY, entity TEXT NOT NULL, id TEXT NOT NULL)",
    "INSERT INTO changes SELECT seq, entity, id FROM changes_1",
    "DROP TABLE changes_1",
    """CREATE TABLE tags (
        project_id TEXT NOT NULL, entity TEXT NOT NULL, entity_id TEXT NOT NULL, tag TEXT NOT NULL,
        PRIMARY KEY (entity, entity_id, tag)) WITHOUT ROWID""",
    "CREATE INDEX tags_by_tag ON tags (tag, entity, entity_id)",
    """CREATE TABLE models (
        id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '', license TEXT NOT NULL DEFAULT '', audience TEXT NOT NULL DEFAULT '',
        use_cases TEXT NOT NULL DEFAULT '', limitations TEXT NOT NULL DEFAULT '', trade_offs TEXT NOT NULL DEFAULT '',
        ethics TEXT NOT NULL DEFAULT '', metadata TEXT NOT NULL DEFAULT '{}', last_version INTEGER NOT NULL DEFAULT 0,
        UNIQUE (project_id, name))""",
    # run_id: of the run that made it, so that a run that is gone on with works on the same one.
    """CREATE TABLE model_versions (
        id TEXT PRIMARY KEY, model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
        number INTEGER NOT NULL, name TEXT NOT NULL DEFAULT '', stage TEXT NOT NULL DEFAULT '',
        description TEXT NOT NULL DEFAULT '', metadata TEXT NOT NULL DEFAULT '{}', created_at TEXT NOT NULL,
        run_id TEXT NOT NULL DEFAULT '',
        UNIQUE (model_id, number))""",
    "CREATE UNIQUE INDEX model_versions_by_name ON model_versions (model_id, name) WHERE name <> ''",
    # Many versions can be archived; staging and production hold one each.
    """CREATE UNIQUE INDEX model_versions_by_stage ON model_versions (model_id, stage)
        WHERE stage IN ('staging', 'production')""",
    """CREATE TABLE model_version_artifacts (
        model_version_id TEXT NOT NULL REFERENCES model_versions (id) ON DELETE CASCADE,
        artifact_version_id TEXT NOT NULL, artifact_type TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (model_version_id, artifact_version_id)) WITHOUT ROWID""",
    "CREATE INDEX model_version_artifacts_by_version ON model_version_artifacts (artifact_version_id)",
    """CREATE TABLE model_version_runs (
        model_version_id TEXT NOT NULL REFERENCES model_versions (id) ON DELETE CASCADE, run_id TEXT NOT NULL,
        PRIMARY KEY (model_version_id, run_id)) WITHOUT ROWID""",
    "CREATE INDEX model_version_runs_by_run ON model_version_runs (run_id)",
)

_V3 = (
    # 'pruning': announced, the files may be there still; 'pruned': only the row is there, since runs list the version.
    "ALTER TABLE artifact_versions ADD COLUMN pruned TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX artifact_versions_pruned ON artifact_versions (pruned) WHERE pruned <> ''",
    # Which earlier step run a miss was explained with, and the code behind the digests of cache keys, each text once.
    "ALTER TABLE step_runs ADD COLUMN cache_compared_id TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE code_units (digest TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID",
)

MARK_USED = """UPDATE artifact_versions SET maybe_unused = 0 WHERE maybe_unused = 1 AND id IN (
    SELECT artifact_version_id FROM step_inputs UNION SELECT artifact_version_id FROM step_outputs
    UNION SELECT artifact_version_id FROM model_version_artifacts)"""
_LOSES_A_USER = (
    "CREATE TRIGGER {0}_{1} AFTER {2} ON {0} BEGIN "
    "UPDATE artifact_versions SET maybe_unused = 1 WHERE id = OLD.artifact_version_id; END"
)
_V4 = (
    # What `artifact verify` found wrong when it last read the version: JSON of status and problem; empty: nothing.
    "ALTER TABLE artifact_versions ADD COLUMN damage TEXT NOT NULL DEFAULT ''",
    # 0: something uses it for sure, so who looks for what nothing uses need not ask of every version. Outputs begin
    # with 0, since the step run that gives them is written with them; whatever loses a user has 1 again by itself.
    "ALTER TABLE artifact_versions ADD COLUMN maybe_unused INTEGER NOT NULL DEFAULT 1",
    MARK_USED,
    "CREATE INDEX artifact_versions_maybe_unused ON artifact_versions (id, artifact_id) WHERE maybe_unused = 1",
    _LOSES_A_USER.format("step_inputs", "deleted", "DELETE"),
    _LOSES_A_USER.format("step_inputs", "updated", "UPDATE OF artifact_version_id"),
    _LOSES_A_USER.format("step_outputs", "deleted", "DELETE"),
    _LOSES_A_USER.format("step_outputs", "updated", "UPDATE OF artifact_version_id"),
    _LOSES_A_USER.format("model_version_artifacts", "deleted", "DELETE"),
)

_V5 = (
    # Seconds between an end of the run and its being gone on with: no part of how long it took.
    "ALTER TABLE runs ADD COLUMN idle_s REAL NOT NULL DEFAULT 0",
)

MIGRATIONS: dict[int, tuple[str, ...]] = {1: _V1, 2: _V2, 3: _V3, 4: _V4, 5: _V5}
