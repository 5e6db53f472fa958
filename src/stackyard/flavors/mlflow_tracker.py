"""Following steps with MLflow: what a step's ``mlflow.*`` calls log lands in a run of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stackyard.flavors.interfaces import ExperimentTracker, Finding, TrackedStep
from stackyard.flavors.mlflow import SQLITE, MlflowConfiguration, MlflowSettings
from stackyard.model.errors import ComponentError, PackageMissingError
from stackyard.model.names import folder_name

if TYPE_CHECKING:
    from mlflow import MlflowClient

PROBE_TIMEOUT_S = 5.0
OPEN_TIMEOUT_S = 120.0
"""How long to wait for others to make or migrate the same database."""
_VARIABLES = (
    "MLFLOW_TRACKING_URI",
    "MLFLOW_TRACKING_USERNAME",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "MLFLOW_EXPERIMENT_ID",
    "MLFLOW_EXPERIMENT_NAME",
    "MLFLOW_RUN_ID",
    "MLFLOW_DISABLE_TELEMETRY",
)


class MlflowTracker(ExperimentTracker):
    """Follows steps with MLflow, which is imported in the step's process alone."""

    def __init__(self, configuration: MlflowConfiguration) -> None:
        """Remember the configuration, resolved and with secrets filled in."""
        self._configuration = configuration
        self._uri = str(configuration.tracking_uri)
        self._shown = _without_password(self._uri)

    @contextlib.contextmanager
    def track(self, step: TrackedStep) -> Iterator[dict[str, Any]]:
        """Start a run of MLflow, give what links to it, and end it as the step ends.

        Raises:
            PackageMissingError: MLflow is not installed.
            ComponentError: the tracking server or database can't be reached or refuses.
        """
        settings = MlflowSettings.model_validate(step.settings)
        experiment = settings.experiment_name or self._configuration.experiment_name or step.pipeline_name
        with _kept_environment():
            self._set_environment()
            mlflow = _import_mlflow()
            from mlflow.exceptions import MlflowException  # noqa: PLC0415

            with _kept_globals(mlflow, self._uri):
                try:
                    experiment_id = self._open(mlflow, experiment)
                    mlflow.set_experiment(experiment_id=experiment_id)
                    run = mlflow.start_run(
                        experiment_id=experiment_id,
                        run_name=settings.run_name or f"{step.run_name}/{step.step_name}",
                        tags={**settings.tags, **_tags(step)},
                    )
                except (MlflowException, OSError) as error:
                    why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
                    raise ComponentError(
                        f"MLflow at {self._shown} can't track the step {step.step_name!r}: {why[:300]}",
                        hint="See what it needs: stackyard experiment-tracker check NAME",
                    ) from error
                run_id = run.info.run_id
                links = {
                    "mlflow_run_id": run_id,
                    "mlflow_experiment": experiment,
                    "mlflow_tracking_uri": self._shown,
                }
                if self._uri.startswith("http"):
                    links["mlflow_url"] = f"{self._shown}/#/experiments/{experiment_id}/runs/{run_id}"
                status = "KILLED"
                try:
                    yield links
                    status = "FINISHED"
                except (Exception, SystemExit):
                    status = "FAILED"
                    raise
                finally:
                    _end(mlflow, run_id, status)

    def check(self) -> list[Finding]:
        """Look whether the server answers and takes the login, or the database's folder can be written."""
        try:
            if self._uri.startswith(SQLITE):
                message = _check_folder(_database(self._uri))
            elif self._uri.startswith("http"):
                self._probe()
                message = f"MLflow answers at {self._shown}."
            else:
                message = f"MLflow tracks at {self._shown}; the first step that uses it will try."
        except ComponentError as error:
            return [Finding("error", "tracking_unusable", error.message, error.hint)]
        return [Finding("ok", "tracking_usable", message)]

    def _set_environment(self) -> None:
        configuration = self._configuration
        values = {
            "MLFLOW_TRACKING_USERNAME": configuration.tracking_username,
            "MLFLOW_TRACKING_PASSWORD": configuration.tracking_password,
            "MLFLOW_TRACKING_TOKEN": configuration.tracking_token,
            "MLFLOW_DISABLE_TELEMETRY": os.environ.get("MLFLOW_DISABLE_TELEMETRY", "true"),
        }
        for name in _VARIABLES:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in values.items() if value is not None})

    def _open(self, mlflow: Any, experiment: str) -> str:
        """Return the id of an experiment; make it, and a local database, if needed."""
        client = mlflow.MlflowClient
        if not self._uri.startswith(SQLITE):
            if self._uri.startswith("http"):
                self._probe()  # MLflow itself would try for minutes
            return _experiment_id(client(self._uri), experiment, None)
        from stackyard.storage.locking import file_lock  # noqa: PLC0415  # only a local database needs a lock

        database = _database(self._uri)
        database.parent.mkdir(parents=True, exist_ok=True)
        location = (database.parent / "artifacts" / folder_name(experiment)).as_uri()
        lock = database.with_name(f"{database.name}.lock")
        with file_lock(lock, "MLflow database", OPEN_TIMEOUT_S), _quiet_migrations():
            return _experiment_id(client(self._uri), experiment, location)

    def _probe(self) -> None:
        """Ask the server for one experiment.

        Raises:
            ComponentError: it does not answer, or refuses.
        """
        from stackyard.flavors import web  # noqa: PLC0415  # only a server needs it

        configuration = self._configuration
        headers = {}
        if configuration.tracking_token:
            headers["Authorization"] = f"Bearer {configuration.tracking_token}"
        elif configuration.tracking_username:
            headers["Authorization"] = web.basic(configuration.tracking_username, configuration.tracking_password or "")
        url = f"{self._uri}/api/2.0/mlflow/experiments/search?max_results=1"
        answer = web.request(url, timeout_s=PROBE_TIMEOUT_S, headers=headers)
        if answer.status in (401, 403):
            raise ComponentError(
                f"The MLflow server {self._shown} refuses the login (it answered {answer.status}).",
                hint="Set tracking_username and tracking_password, or tracking_token, to references of secrets.",
            )
        if answer.status != 200:
            raise ComponentError(
                f"{self._shown} answered {answer.status}: it is no MLflow server.", hint="Correct its tracking_uri."
            )


def _import_mlflow() -> Any:
    try:
        import mlflow  # noqa: PLC0415  # takes seconds
    except ImportError as error:
        raise PackageMissingError(
            f"The experiment tracker flavor 'mlflow' needs a package that can't be imported: {error}.",
            hint="Install it with: stackyard integration install mlflow",
        ) from error
    return mlflow


def _experiment_id(client: MlflowClient, name: str, location: str | None) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=location))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another step was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise ComponentError(
            f"The MLflow experiment {name!r} was deleted.",
            hint=f"mlflow experiments restore -x {found.experiment_id}, or name another experiment_name.",
        )
    return str(found.experiment_id)


def _tags(step: TrackedStep) -> dict[str, str]:
    return {
        "stackyard.run_id": step.run_id,
        "stackyard.run_name": step.run_name,
        "stackyard.pipeline": step.pipeline_name,
        "stackyard.step": step.step_name,
        "stackyard.stack": step.stack_name,
        # MLflow would name the worker's program.
        "mlflow.source.name": step.pipeline_name,
    }


def _end(mlflow: Any, run_id: str, status: str) -> None:
    """End the run, and what the step left open in it; a step may have ended it itself."""
    ended = False
    while (active := mlflow.active_run()) is not None:
        mlflow.end_run(status)
        ended = ended or active.info.run_id == run_id
    if not ended and status != "FINISHED":
        mlflow.MlflowClient().set_terminated(run_id, status)


@contextlib.contextmanager
def _kept_environment() -> Iterator[None]:
    """Put MLflow's variables back: a worker goes on to other steps."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _kept_globals(mlflow: Any, uri: str) -> Iterator[None]:
    """Put MLflow's tracking URI, experiment and autologging back; runs that an earlier step left open are ended.

    Otherwise a step that the same worker runs later would log too, into files in the project's folder.
    """
    from mlflow.tracking import fluent  # noqa: PLC0415
    from mlflow.utils.autologging_utils import AUTOLOGGING_INTEGRATIONS as AUTOLOGGING  # noqa: PLC0415

    while mlflow.active_run() is not None:
        mlflow.end_run()
    uri_before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    experiment_before = getattr(fluent, "_active_experiment_id", None)
    autologging_before = {name: dict(chosen) for name, chosen in AUTOLOGGING.items()}
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        AUTOLOGGING.update({name: autologging_before.get(name, {}) for name in AUTOLOGGING})
        mlflow.set_tracking_uri(uri_before)
        fluent._active_experiment_id = experiment_before  # noqa: SLF001  # nothing public takes a choice back


@contextlib.contextmanager
def _quiet_migrations() -> Iterator[None]:
    """Keep the making of a database out of the step's log: dozens of lines that nobody asked for."""
    import logging  # noqa: PLC0415

    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow.store.db.utils")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _database(uri: str) -> Path:
    return Path(uri[len(SQLITE) :].partition("?")[0])


def _check_folder(database: Path) -> str:
    """Say that a database can be made or written.

    Raises:
        ComponentError: it can't.
    """
    place = next(path for path in (database, *database.parents) if path.exists())
    if not os.access(place, os.W_OK) or (place != database and not place.is_dir()):
        raise ComponentError(
            f"The MLflow database {database} can't be written.", hint=f"Change the permissions of {place}."
        )
    return f"MLflow tracks in {database}."


def _without_password(uri: str) -> str:
    """Return a URI that may be shown."""
    if uri.startswith(SQLITE):
        return uri
    scheme, mark, rest = uri.partition("://")
    login, at, place = rest.rpartition("@")
    return f"{scheme}{mark}{login.partition(':')[0]}{at}{place}"
