"""The experiment tracker flavor ``mlflow``: what it takes; :mod:`stackyard.flavors.mlflow_tracker` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from stackyard.flavors.base import ComponentConfiguration, Flavor, secret_field
from stackyard.model.base import no_entries
from stackyard.model.enums import ComponentType
from stackyard.model.integrations import INTEGRATIONS

SQLITE = "sqlite:///"
_SCHEMES = ("http://", "https://", SQLITE, "postgresql", "mysql", "mssql", "databricks")


class MlflowConfiguration(ComponentConfiguration):
    """Where MLflow keeps what steps log."""

    tracking_uri: str | None = None
    """MLflow's tracking URI: a server (https://host), or a database (sqlite:////folder/mlflow.db,
    postgresql://...); without it a local database in Stackyard's home."""
    experiment_name: str | None = None
    """Experiment of MLflow; without it one of the pipeline's name."""
    tracking_username: str | None = None
    """Who logs in to the server."""
    tracking_password: str | None = secret_field()
    """Password of the user."""
    tracking_token: str | None = secret_field()
    """Token to log in with, instead of user and password."""

    @field_validator("tracking_uri")
    @classmethod
    def _is_tracking_uri(cls, value: str | None) -> str | None:
        if value is None or value.lstrip().startswith("{{"):
            return value
        if not value.startswith(_SCHEMES):
            raise ValueError("a server or a database is needed (https://..., sqlite:////...); MLflow refuses folders")
        if value.startswith("http"):
            from stackyard.flavors.web import split  # noqa: PLC0415  # lists of flavors talk to nobody

            split(value)
        if value.startswith(SQLITE) and not Path(value[len(SQLITE) :]).is_absolute():
            raise ValueError("the database needs an absolute path: sqlite:////folder/mlflow.db")
        return value.rstrip("/")


class MlflowSettings(ComponentConfiguration):
    """What a step may say about its run of MLflow."""

    experiment_name: str | None = None
    """Experiment of MLflow instead of the configured one."""
    run_name: str | None = None
    """Name of the run of MLflow; without it the names of run and step."""
    tags: dict[str, str] = Field(default_factory=no_entries)
    """Tags of the run of MLflow."""


def resolve(values: dict[str, Any], home: Path, component_id: str) -> None:
    """Give a tracker without a tracking URI a database of its own in home; it stays when the component is renamed."""
    if values.get("tracking_uri") is None:
        values["tracking_uri"] = f"{SQLITE}{(home / 'mlflow' / component_id / 'mlflow.db').as_posix()}"


MLFLOW = Flavor(
    name="mlflow",
    component_type=ComponentType.EXPERIMENT_TRACKER,
    configuration_model=MlflowConfiguration,
    doc="Tracks with MLflow, in a local database unless a server is named.",
    requirements=INTEGRATIONS["mlflow"].requirements,
    integration="mlflow",
    settings_model=MlflowSettings,
    implementation="stackyard.flavors.mlflow_tracker:MlflowTracker",
    resolve=resolve,
)
