"""Alerts to a real server, from real runs: those that arrive, and those that can't."""

from __future__ import annotations

import contextlib
import json

import pytest

from stackyard.model.enums import Status
from tests.integration.user import Result, User
from tests.integration.web_server import Asked, Reply, Server, closed_port, serving

TOKEN = "t0ken-of-the-hook"

PIPELINE = """
    from stackyard import pipeline, step

    @step
    def check(well: bool) -> None:
        if not well:
            raise ValueError("the data are wrong")

    @pipeline
    def nightly(well: bool = True):
        check(well)
"""


def _alerted_by(user: User, url: str, *options: str) -> None:
    user.write("run.py", PIPELINE)
    user.variables["STACKYARD_SECRET__HOOK__TOKEN"] = TOKEN
    patience = "--timeout_s=30"  # a busy machine is no reason for another outcome
    user.do("alerter", "register", "hook", "--flavor", "webhook", f"--url={url}", patience, *options)
    user.do("stack", "register", "told", "-o", "default", "-a", "default", "--alerter", "hook", "--set")


def _run(user: User, well: bool) -> Result:
    return user.stackyard("run", "run.py", "--param", f"well={well}")


def test_a_run_that_ended_is_told(user: User) -> None:
    """Given a server that listens, it gets a document for each run, with the secret in its place and nowhere else."""
    with serving(lambda _: Reply(204)) as server:
        headers = json.dumps({"Authorization": "Bearer {{hook.token}}"})
        _alerted_by(user, f"{server.url}/runs/{{{{hook.token}}}}", f"--headers={headers}")
        done = _run(user, True)
        assert (done.code, "Warning" in done.text) == (0, False), done
        assert _run(user, False).code == 1
    completed, failed = (json.loads(request.body) for request in server.asked)
    for request in server.asked:
        assert (request.method, request.path) == ("POST", f"/runs/{TOKEN}")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
    first, second = user.runs()
    assert completed.pop("project")
    assert completed == {
        "event": "run_completed",
        "run_id": first.id,
        "run_name": first.name,
        "pipeline": "nightly",
        "stack": "told",
        "status": "completed",
        "started_at": first.started_at,
        "ended_at": first.ended_at,
        "duration_s": first.duration_s,
        "error": "",
        "failed_steps": [],
    }
    assert (failed["event"], failed["run_id"], failed["failed_steps"]) == ("run_failed", second.id, ["check"])
    assert second.status is Status.FAILED
    kept = [path for folder in (user.home, user.folder) for path in folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]


def test_only_what_was_asked_for_is_told_as_slack_takes_it(user: User) -> None:
    """Given events and format, a run that completed is not told, and one that failed is a text."""
    with serving(lambda _: Reply()) as server:
        _alerted_by(user, server.url, "--events=failed,stopped", "--format=slack")
        assert _run(user, True).code == 0
        assert _run(user, False).code == 1
    (request,) = server.asked
    text = json.loads(request.body)["text"]
    assert text.startswith(f"Run {user.last_run().name} of pipeline nightly failed after ")
    assert "on stack told.\nFailed: check." in text


def test_a_server_that_recovers_is_told_once(user: User) -> None:
    """Given a server whose first answer is 503, the alert is sent again."""
    replies = iter([Reply(503), Reply(200)])
    with serving(lambda _: next(replies)) as server:
        _alerted_by(user, server.url)
        done = _run(user, True)
    assert (done.code, "Warning" in done.text, len(server.asked)) == (0, False, 2), done


@contextlib.contextmanager
def _nobody():
    with closed_port() as port:
        yield Server(f"http://127.0.0.1:{port}")


def _hang(_: Asked) -> None:
    return None


@pytest.mark.parametrize(
    ("place", "reason", "requests"),
    [
        (lambda: serving(_hang), "no answer within", 1),
        (lambda: serving(lambda _: Reply(500)), "answered 500", 2),
        (lambda: serving(lambda _: Reply(404)), "answered 404", 1),
        (lambda: serving(lambda _: Reply(302, {"Location": "file:///etc/passwd"})), "answered 302, a redirect", 1),
        (_nobody, "connection refused", 0),
    ],
    ids=["hangs", "500", "404", "redirect", "not there"],
)
def test_an_alert_that_fails_is_a_warning(user: User, place: object, reason: str, requests: int) -> None:
    """Given a server that can't be told, the run completes, with a warning that names the alerter and why."""
    with place() as server:
        _alerted_by(user, f"{server.url}/{{{{hook.token}}}}")
        if reason == "no answer within":
            user.do("alerter", "update", "hook", "--timeout_s=1.5")
        done = _run(user, True)
    assert done.code == 0, done
    assert user.last_run().status is Status.COMPLETED
    (warning,) = [line for line in done.err.splitlines() if "hook" in line]
    assert warning.startswith("Warning: the alerter 'hook' could not tell how the run ended: ")
    assert reason in warning
    assert TOKEN not in done.text
    assert len(server.asked) == requests


def test_a_check_connects_and_posts_nothing(user: User) -> None:
    """Given a hook, its check tells whether somebody listens, without an alert."""
    with serving(lambda _: Reply()) as server:
        _alerted_by(user, server.url)
        assert user.do("alerter", "check", "hook")
        assert server.asked == []
    refused = user.stackyard("alerter", "check", "hook")
    assert refused.code != 0
    assert f"{server.url} can't be reached: connection refused" in refused.text
