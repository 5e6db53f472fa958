"""How models and their versions come into the catalog, and what happens to them there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackyard.model.enums import ModelStages
from stackyard.model.errors import AlreadyExistsError, InUseError, InvalidNameError, ModelNotFoundError, UsageError
from stackyard.model.names import check_name, did_you_mean
from stackyard.model.options import ModelSpec, ModelVersionRef
from stackyard.storage.catalog.sql import changed, insert, unless_taken
from stackyard.storage.catalog.tags import add_tags, forget_tags
from stackyard.storage.ids import new_id, now
from stackyard.storage.notices import tell

if TYPE_CHECKING:
    import sqlite3  # code that only imports Client does not load it

TEXTS = ("description", "license", "audience", "use_cases", "limitations", "trade_offs", "ethics")
"""What a model says of itself."""
HELD_STAGES = (ModelStages.STAGING.value, ModelStages.PRODUCTION.value)
"""Stages that one version of a model holds."""
STAGES = (*HELD_STAGES, ModelStages.ARCHIVED.value)
"""Stages that a version can be in."""
LATEST = ModelStages.LATEST.value
"""Stands for the newest version; no version is in it."""
NO_STAGE = ModelStages.NONE.value
MIN_PREFIX = 8


def resolve_model(sql: sqlite3.Connection, project_id: str, spec: ModelSpec, run_id: str) -> ModelVersionRef:
    """Return the version that a run works on, made if needed, and linked to the run.

    A model that is there keeps what it says of itself; a notice names what the code says otherwise.

    Args:
        sql: in a transaction.
        project_id: whose models.
        spec: what the code says. Without a version the run has one new version, however often it asks.
        run_id: the run.

    Raises:
        ModelNotFoundError: no version of that number or in that stage.
        InvalidNameError: model or version can't be called so.
    """
    model = find_model(sql, project_id, spec.name)
    if model is None:
        if is_reference(spec.version):
            raise no_model(spec.name, model_names(sql, project_id))
        create_model(sql, project_id, spec.name, texts_of(spec), spec.tags or ())
        model = find_model(sql, project_id, spec.name)
        assert model is not None  # noqa: S101  # just made
    else:
        _tell_differences(model, spec)
    if spec.version is None:
        version = sql.execute(
            "SELECT * FROM model_versions WHERE model_id = ? AND run_id = ?", (model["id"], run_id)
        ).fetchone()
    else:
        version = find_model_version(sql, model["id"], spec.version)
    if version is None:
        if is_reference(spec.version):
            raise no_version(sql, model, spec.version)
        version_id = create_version(
            sql, model, name=str(spec.version or ""), description=spec.description or "", tags=spec.tags or (),
            run_id=run_id if spec.version is None else "",
        )  # fmt: skip
        version = sql.execute("SELECT * FROM model_versions WHERE id = ?", (version_id,)).fetchone()
    sql.execute("INSERT OR IGNORE INTO model_version_runs VALUES (?, ?)", (version["id"], run_id))
    changed(sql, "model", project_id)
    return ModelVersionRef(
        model_version_id=version["id"], model=model["name"], number=version["number"], name=version["name"],
        stage=version["stage"],
    )  # fmt: skip


def find_model(sql: sqlite3.Connection, project_id: str, name_or_id: str) -> sqlite3.Row | None:
    """Return a model's row by id, name or the beginning of an id.

    Raises:
        UsageError: the beginning of several ids.
    """
    row: sqlite3.Row | None = sql.execute("SELECT * FROM models WHERE id = ?", (name_or_id,)).fetchone()
    if row is None:
        row = sql.execute("SELECT * FROM models WHERE project_id = ? AND name = ?", (project_id, name_or_id)).fetchone()
    if row is not None or len(name_or_id) < MIN_PREFIX:
        return row
    return _only(
        sql.execute("SELECT * FROM models WHERE id >= ? AND id < ? LIMIT 2", (name_or_id, name_or_id + "g")).fetchall(),
        name_or_id,
        "model",
    )


def find_model_version(sql: sqlite3.Connection, model_id: str, wanted: str | int) -> sqlite3.Row | None:
    """Return a version's row by number, name, stage, ``latest``, or the beginning of an id.

    Raises:
        UsageError: the beginning of several ids.
    """
    of_model = "SELECT * FROM model_versions WHERE model_id = ? AND "
    number = number_of(wanted)
    row: sqlite3.Row | None
    if number is not None:
        row = sql.execute(of_model + "number = ?", (model_id, number)).fetchone()
        return row
    text = str(wanted)
    if text == LATEST:
        row = sql.execute(of_model + "1 ORDER BY number DESC LIMIT 1", (model_id,)).fetchone()
        return row
    if text in STAGES:
        row = sql.execute(of_model + "stage = ? ORDER BY number DESC LIMIT 1", (model_id, text)).fetchone()
        return row
    row = sql.execute(of_model + "name = ?", (model_id, text)).fetchone() if text else None
    if row is not None or len(text) < MIN_PREFIX:
        return row
    return _only(
        sql.execute(of_model + "id >= ? AND id < ? LIMIT 2", (model_id, text, text + "g")).fetchall(), text, "version"
    )


def number_of(wanted: str | int | None) -> int | None:
    """Return the number that a version is asked for by; None for a name or a stage."""
    if isinstance(wanted, int):
        return wanted
    return int(wanted) if wanted and wanted.isascii() and wanted.isdecimal() and len(wanted) < 18 else None


def is_reference(wanted: str | int | None) -> bool:
    """Tell whether a version is asked for that must be there: a number or a stage can't be made."""
    return number_of(wanted) is not None or wanted in (*STAGES, LATEST, NO_STAGE)


def texts_of(spec: ModelSpec) -> dict[str, str]:
    """Return what a model's spec says of it, as far as it says something."""
    return {name: value for name in TEXTS if (value := getattr(spec, name))}


def create_model(
    sql: sqlite3.Connection, project_id: str, name: str, texts: Mapping[str, str], tags: Iterable[str]
) -> str:
    """Record a new model; return its id.

    Raises:
        InvalidNameError: it can't be called so.
        AlreadyExistsError: the project has a model of that name.
    """
    check_name(name, "model")
    model_id = new_id()
    with unless_taken(_taken(name)):
        insert(sql, "models", {"id": model_id, "project_id": project_id, "name": name, "created_at": now(), **texts})
    add_tags(sql, project_id, "model", model_id, tags)
    changed(sql, "model", project_id)
    return model_id


def update_model(sql: sqlite3.Connection, model: sqlite3.Row, name: str | None, texts: Mapping[str, str]) -> None:
    """Change a model's name and what it says of itself.

    Raises:
        InvalidNameError: it can't be called so.
        AlreadyExistsError: the project has a model of that name.
    """
    values = dict(texts)
    if name is not None and name != model["name"]:
        values["name"] = check_name(name, "model")
    with unless_taken(_taken(values.get("name", ""))):
        _update(sql, "models", model["id"], values)
    changed(sql, "model", model["project_id"])


def delete_model(sql: sqlite3.Connection, model: sqlite3.Row) -> None:
    """Forget a model with its versions; runs and artifact versions stay."""
    for version in sql.execute("SELECT * FROM model_versions WHERE model_id = ?", (model["id"],)).fetchall():
        delete_version(sql, model, version)
    forget_tags(sql, "model", [model["id"]])
    sql.execute("DELETE FROM models WHERE id = ?", (model["id"],))
    changed(sql, "model", model["project_id"])


def create_version(
    sql: sqlite3.Connection, model: sqlite3.Row, *, name: str = "", description: str = "", tags: Iterable[str] = (),
    run_id: str = "",
) -> str:  # fmt: skip
    """Record a new version of a model, with the next number; return its id.

    Args:
        sql: in a transaction.
        model: its row.
        name: of the version; empty: it has only its number.
        description: of the version.
        tags: of the version.
        run_id: the run that it was made for.

    Raises:
        InvalidNameError: it can't be called so.
        AlreadyExistsError: the model has a version of that name.
    """
    if name:
        check_version_name(name)
    version_id = new_id()
    sql.execute("UPDATE models SET last_version = last_version + 1 WHERE id = ?", (model["id"],))
    number = sql.execute("SELECT last_version FROM models WHERE id = ?", (model["id"],)).fetchone()[0]
    columns = {
        "id": version_id, "model_id": model["id"], "number": number, "name": name, "description": description,
        "created_at": now(), "run_id": run_id,
    }  # fmt: skip
    with unless_taken(_version_taken(model["name"], name)):
        insert(sql, "model_versions", columns)
    add_tags(sql, model["project_id"], "model_version", version_id, tags)
    changed(sql, "model", model["project_id"])
    return version_id


def update_version(
    sql: sqlite3.Connection, model: sqlite3.Row, version: sqlite3.Row, *, name: str | None, description: str | None
) -> None:
    """Change a version's name and description; None leaves it as it is.

    Raises:
        InvalidNameError: it can't be called so.
        AlreadyExistsError: the model has a version of that name.
    """
    if name:
        check_version_name(name)
    values = {key: value for key, value in (("name", name), ("description", description)) if value is not None}
    with unless_taken(_version_taken(model["name"], str(name))):
        _update(sql, "model_versions", version["id"], values)
    changed(sql, "model", model["project_id"])


def set_stage(sql: sqlite3.Connection, model: sqlite3.Row, version: sqlite3.Row, stage: str, *, force: bool) -> None:
    """Bring a version into a stage.

    Args:
        sql: in a transaction.
        model: its model's row.
        version: its row.
        stage: ``staging``, ``production``, ``archived``, or ``none``.
        force: archive the version that holds the stage.

    Raises:
        UsageError: there is no such stage.
        InUseError: another version holds it.
    """
    if stage not in (*STAGES, NO_STAGE):
        known = [*STAGES, NO_STAGE]
        hint = f"{did_you_mean(stage, known)} Stages: {', '.join(known)}.".strip()
        if stage == LATEST:
            hint = f"The newest version is the latest by itself. Stages: {', '.join(known)}."
        raise UsageError(f"A version can't be put into the stage {stage!r}.", hint=hint)
    if stage in HELD_STAGES:
        holder = sql.execute(
            "SELECT * FROM model_versions WHERE model_id = ? AND stage = ? AND id <> ?",
            (model["id"], stage, version["id"]),
        ).fetchone()
        if holder is not None and not force:
            raise InUseError(
                f"Version {label(holder)} of the model {model['name']!r} is in {stage}.",
                hint="Only one version can be. --force (force=True) archives that one.",
            )
        if holder is not None:
            _update(sql, "model_versions", holder["id"], {"stage": "archived"})
    _update(sql, "model_versions", version["id"], {"stage": "" if stage == NO_STAGE else stage})
    changed(sql, "model", model["project_id"])


def delete_version(sql: sqlite3.Connection, model: sqlite3.Row, version: sqlite3.Row) -> None:
    """Forget a version of a model; runs and artifact versions stay."""
    for table in ("model_version_artifacts", "model_version_runs"):
        sql.execute(f"DELETE FROM {table} WHERE model_version_id = ?", (version["id"],))  # noqa: S608  # our names
    forget_tags(sql, "model_version", [version["id"]])
    sql.execute("DELETE FROM model_versions WHERE id = ?", (version["id"],))
    changed(sql, "model", model["project_id"])


def link_artifacts(
    sql: sqlite3.Connection, project_id: str, model_version_id: str, artifacts: Mapping[str, str]
) -> None:
    """Make artifact versions part of a model version: id to ``model``, ``data``, ``deployment`` or empty."""
    sql.executemany(
        "INSERT INTO model_version_artifacts VALUES (?, ?, ?) ON CONFLICT (model_version_id, artifact_version_id) "
        "DO UPDATE SET artifact_type = "
        "CASE WHEN excluded.artifact_type = '' THEN artifact_type ELSE excluded.artifact_type END",
        [(model_version_id, version_id, kind) for version_id, kind in artifacts.items()],
    )
    changed(sql, "model", project_id)


def unlink_artifacts(
    sql: sqlite3.Connection, project_id: str, model_version_id: str, artifact_version_ids: Iterable[str]
) -> int:
    """Take artifact versions out of a model version; they stay. Return how many were in it."""
    found = sql.executemany(
        "DELETE FROM model_version_artifacts WHERE model_version_id = ? AND artifact_version_id = ?",
        [(model_version_id, version_id) for version_id in artifact_version_ids],
    )
    changed(sql, "model", project_id)
    return found.rowcount


def check_version_name(name: str) -> str:
    """Return a version's name if it can be one.

    Raises:
        InvalidNameError: it would be taken for a number or a stage, or can't be a name at all.
    """
    if is_reference(name):
        raise InvalidNameError(
            f"{name!r} can't be the name of a model version: it means a number or a stage.",
            hint="Numbers are given by themselves; put a version into a stage with: stackyard model version promote",
        )
    return check_name(name, "model version")


def check_new(spec: ModelSpec, known: list[str]) -> None:
    """Insist that a model which is not there, and the version that is named, can be made.

    Raises:
        ModelNotFoundError: a number or a stage of it is asked for.
        InvalidNameError: model or version can't be called so.
    """
    if is_reference(spec.version):
        raise no_model(spec.name, known)
    check_name(spec.name, "model")
    if spec.version:
        check_version_name(str(spec.version))


def label(version: sqlite3.Row) -> str:
    """Return a version as people call it: its number, and its name if it has one."""
    return f"{version['number']} ({version['name']})" if version["name"] else str(version["number"])


def no_version(sql: sqlite3.Connection, model: sqlite3.Row, wanted: str | int | None) -> ModelNotFoundError:
    """Return the error for a version that is not there; names those that are."""
    rows = sql.execute(
        "SELECT number, name, stage FROM model_versions WHERE model_id = ? ORDER BY number DESC LIMIT 8", (model["id"],)
    ).fetchall()
    if wanted in STAGES:
        message = f"No version of the model {model['name']!r} is in {wanted}."
        hint = f"Put one there: stackyard model version promote {model['name']} VERSION {wanted}"
    else:
        message = f"The model {model['name']!r} has no version {wanted!r}."
        near = did_you_mean(str(wanted), [row["name"] for row in rows if row["name"]])
        hint = f"{near} Newest versions: {', '.join(label(row) for row in rows)}.".strip()
    return ModelNotFoundError(message, hint=hint if rows else "It has no versions yet; leave the version out for one.")


def no_model(name: str, names: list[str]) -> ModelNotFoundError:
    """Return the error for a model that is not there, among those that are."""
    hint = f"{did_you_mean(name, names)} List them with: stackyard model list".strip()
    if not names:
        hint = f"None is registered yet. Runs of @pipeline(model=...) make them, or: stackyard model register {name}"
    return ModelNotFoundError(f"There is no model {name!r} in this project.", hint=hint)


def model_names(sql: sqlite3.Connection, project_id: str) -> list[str]:
    """Return the names of a project's models."""
    return [row[0] for row in sql.execute("SELECT name FROM models WHERE project_id = ? ORDER BY name", (project_id,))]


def _tell_differences(model: sqlite3.Row, spec: ModelSpec) -> None:
    other = [name for name, text in texts_of(spec).items() if model[name] != text]
    if other:
        tell(
            f"The model {model['name']!r} keeps its {', '.join(other)}; change that with: "
            f"stackyard model update {model['name']}"
        )


def _update(sql: sqlite3.Connection, table: str, row_id: str, values: Mapping[str, Any]) -> None:
    if values:
        settings = ", ".join(f"{name} = ?" for name in values)
        sql.execute(f"UPDATE {table} SET {settings} WHERE id = ?", (*values.values(), row_id))  # noqa: S608


def _only(rows: list[sqlite3.Row], prefix: str, noun: str) -> sqlite3.Row | None:
    if len(rows) > 1:
        raise UsageError(f"{prefix!r} is the beginning of several {noun} ids.", hint="Write more of it.")
    return rows[0] if rows else None


def _taken(name: str) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"A model named {name!r} exists already.",
        hint=f"Choose another name, or see it with: stackyard model show {name}",
    )


def _version_taken(model: str, name: str) -> AlreadyExistsError:
    return AlreadyExistsError(
        f"The model {model!r} has a version named {name!r} already.", hint="Choose another name for the version."
    )
