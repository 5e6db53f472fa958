"""Steps that MLflow tracks, in real runs; what they logged is read back with MLflow's own client."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stackyard.model.enums import Status
from tests.integration.user import User, statuses, wait_for
from tests.integration.web_server import Reply, closed_port, serving

# MLflow alone takes seconds to import, in each process anew.
pytestmark = [pytest.mark.timeout(900), pytest.mark.long]
PASSWORD = "p4ss-of-the-server"

PIPELINE = """
    import os
    import mlflow
    import numpy as np
    from sklearn.linear_model import LinearRegression
    from stackyard import pipeline, step

    def fit() -> None:
        x = np.arange(10.0).reshape(-1, 1)
        LinearRegression().fit(x, x[:, 0])

    def log(alpha: float) -> None:
        mlflow.sklearn.autolog(log_models=False)
        fit()
        mlflow.log_param("alpha", alpha)
        for number in range(3):
            mlflow.log_metric("loss", alpha / (number + 1), step=number)
        mlflow.log_text("weights", "model.txt")

    @step(experiment_tracker="tracker", settings={"experiment_tracker": {"tags": {"team": "blue"}}})
    def left(alpha: float = 0.5) -> float:
        log(alpha)
        return alpha

    @step(experiment_tracker="tracker", settings={"experiment_tracker.mlflow": {"run_name": "the right one"}})
    def right(alpha: float = 1.5) -> float:
        log(alpha)
        with mlflow.start_run(nested=True, run_name="inner"):
            mlflow.log_metric("inner", 1)
        return alpha

    @step(experiment_tracker="tracker")
    def breaks(first: float, second: float) -> None:
        mlflow.log_metric("reached", 1)
        raise ValueError("no model")

    @step
    def untracked(first: float, second: float) -> list[str]:
        fit()
        left_behind = [name for name in os.environ if name.startswith("MLFLOW")]
        return [*left_behind, str(mlflow.active_run()), str(mlflow.is_tracking_uri_set())]

    @pipeline
    def training():
        first, second = left(), right()
        untracked(first, second)
        breaks(first, second)
"""
ENDLESS = """
    import time
    import mlflow
    from pathlib import Path
    from stackyard import pipeline, step

    @step(experiment_tracker=True)
    def works() -> None:
        mlflow.log_param("alpha", 1)
        Path("working").touch()
        time.sleep(600)

    @pipeline
    def endless():
        works()
"""
TRACKED = """
    from stackyard import pipeline, step

    @step(experiment_tracker="tracker")
    def left() -> int:
        return 1

    @pipeline
    def training():
        left()
"""
READER = """
    import json, sys
    from mlflow import MlflowClient

    client = MlflowClient(sys.argv[1])
    experiments = {e.experiment_id: e for e in client.search_experiments() if e.name != "Default"}
    found = {}
    for run in client.search_runs(list(experiments)):
        found[run.info.run_id] = {
            "name": run.info.run_name,
            "status": run.info.status,
            "experiment": experiments[run.info.experiment_id].name,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "losses": [m.value for m in client.get_metric_history(run.info.run_id, "loss")],
            "tags": run.data.tags,
            "files": [file.path for file in client.list_artifacts(run.info.run_id)],
        }
    print(json.dumps(found))
"""


def _read(user: User, uri: str) -> dict[str, dict[str, Any]]:
    """Return MLflow's runs by id."""
    done = user.python(user.write("read.py", READER), uri)
    assert done.code == 0, done
    found: dict[str, dict[str, Any]] = json.loads(done.out.splitlines()[-1])
    return found


def _stop_a_run(user: User) -> None:
    """Stop a run whose tracked step works, on a stack with an alerter."""
    with serving(lambda _: Reply()) as server:
        user.do("alerter", "register", "hook", "--flavor", "webhook", f"--url={server.url}", "--events=stopped")
        user.do("stack", "register", "watched", "-o", "default", "-a", "default", "-e", "tracker", "--alerter", "hook")
        started = user.start(user.interpreter, "-m", "stackyard", "run", "endless.py", "--stack", "watched")
        wait_for((user.folder / "working").exists, 180, "the step works")
        user.do("run", "stop", user.last_run().name)
        assert started.wait(180) == 1
    (request,) = server.asked
    assert json.loads(request.body)["event"] == "run_stopped"


def test_what_steps_log_lands_in_runs_of_mlflow(user: User) -> None:
    """Given an empty home and two tracked steps at the same time, each has its own run, with all it logged.

    Given a tracked step that works when its run is stopped, MLflow's run is killed, and the alerter hears of it. (One
    test: MLflow takes ten times as long to make its database as to use it.)
    """
    user.write("run.py", PIPELINE)
    user.write("endless.py", ENDLESS)
    user.do("experiment-tracker", "register", "tracker", "--flavor", "mlflow")
    user.do("stack", "register", "tracked", "-o", "default", "-a", "default", "-e", "tracker", "--set")
    user.do("experiment-tracker", "check", "tracker")
    done = user.stackyard("run", "run.py")
    run = user.last_run()
    _stop_a_run(user)
    assert done.code == 1, done
    assert statuses(run) == {"left": "completed", "right": "completed", "untracked": "completed", "breaks": "failed"}

    described = json.loads(user.do("experiment-tracker", "describe", "tracker", "--json").out)
    uri = described["configuration"]["tracking_uri"]
    assert uri.startswith(f"sqlite:///{user.home}/mlflow/")
    steps = {step.name: step.metadata for step in run.steps}
    everything = _read(user, uri)
    stopped = user.last_run().steps[0]
    assert stopped.status is Status.STOPPED
    assert everything.pop(stopped.metadata["mlflow_run_id"])["status"] == "KILLED"
    found = everything
    assert len(found) == 4
    tracked = {name: found[steps[name]["mlflow_run_id"]] for name in ("left", "right", "breaks")}
    for name, one in tracked.items():
        assert (steps[name]["mlflow_experiment"], steps[name]["mlflow_tracking_uri"]) == ("training", uri)
        assert one["experiment"] == "training"
        ours = {k.partition(".")[2]: v for k, v in one["tags"].items() if k.startswith("stackyard.")}
        assert ours == {
            "run_id": run.id, "run_name": run.name, "pipeline": "training", "step": name, "stack": "tracked",
        }  # fmt: skip
    assert {name: one["name"] for name, one in tracked.items()} == {
        "left": f"{run.name}/left",
        "right": "the right one",
        "breaks": f"{run.name}/breaks",
    }
    assert tracked["left"]["tags"]["team"] == "blue"
    for name, alpha in {"left": 0.5, "right": 1.5}.items():
        assert tracked[name]["status"] == "FINISHED"
        assert tracked[name]["params"]["alpha"] == str(alpha)
        assert tracked[name]["metrics"]["training_score"] == 1.0
        assert tracked[name]["losses"] == [alpha, alpha / 2, alpha / 3]
        assert "model.txt" in tracked[name]["files"]
    assert (tracked["breaks"]["status"], tracked["breaks"]["metrics"]) == ("FAILED", {"reached": 1.0})
    (inner,) = [one for one in found.values() if one["name"] == "inner"]
    assert inner["tags"]["mlflow.parentRunId"] == steps["right"]["mlflow_run_id"]
    # Files of MLflow lie beside its database, and nothing fell into the project.
    assert [path.read_text() for path in (user.home / "mlflow").rglob("model.txt")] == ["weights"] * 2
    assert [path.name for path in user.folder.glob("mlruns*")] + [path.name for path in user.folder.glob("*.db")] == []

    # The step that no tracker followed ran in a process that had tracked, and found nothing of that.
    shown = json.loads(user.do("artifact", "show", "training::untracked::output", "--json").out)
    assert shown["preview"]["data"] == ["None", "False"]


def test_a_server_that_can_not_be_used_fails_the_step_soon(user: User) -> None:
    """Given a server that is not there, or refuses the login, the step says so instead of trying for minutes."""
    user.write("run.py", TRACKED)
    user.variables["STACKYARD_SECRET__TEAM__PASSWORD"] = PASSWORD
    login = ("--tracking_username=me", "--tracking_password={{team.password}}")
    with closed_port() as port:
        gone = f"http://127.0.0.1:{port}"
        user.do("experiment-tracker", "register", "tracker", "--flavor", "mlflow", f"--tracking_uri={gone}", *login)
        user.do("stack", "register", "tracked", "-o", "default", "-a", "default", "-e", "tracker", "--set")
        checked = user.stackyard("experiment-tracker", "check", "tracker")
        assert checked.code != 0
        assert f"{gone} can't be reached: connection refused" in checked.text
        assert user.stackyard("run", "run.py").code == 1
    errors = {s.name: s.error.message for s in user.last_run().steps if s.status is Status.FAILED and s.error}
    assert errors == {"left": f"{gone} can't be reached: connection refused."}

    with serving(lambda _: Reply(401)) as server:
        user.do("experiment-tracker", "update", "tracker", f"--tracking_uri={server.url}")
        refused = user.stackyard("experiment-tracker", "check", "tracker")
    assert f"The MLflow server {server.url} refuses the login" in refused.text
    assert server.asked[0].headers["authorization"].startswith("Basic ")
    assert PASSWORD not in refused.text
