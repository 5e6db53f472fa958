"""The flavors that come with Stackyard: what their configurations take and refuse, and what they say of a service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.api.components import get_component, register_component
from stackyard.api.context import open_context
from stackyard.flavors import web
from stackyard.flavors.base import Flavor
from stackyard.flavors.container_registry import CONTAINER_REGISTRY
from stackyard.flavors.interfaces import RunAlert
from stackyard.flavors.mlflow import MLFLOW, MlflowConfiguration
from stackyard.flavors.mlflow_tracker import MlflowTracker
from stackyard.flavors.webhook import WEBHOOK, WebhookConfiguration
from stackyard.flavors.webhook_alerter import WebhookAlerter
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentConfigurationError, ComponentError, SecretReferenceError, StackyardError

ALERT = RunAlert("id", "demo-1", "demo", "here", "told", "completed", "2026-01-01", "2026-01-02", 1.0)


@pytest.mark.parametrize(
    ("flavor", "given", "kept"),
    [
        (WEBHOOK, {"url": "{{hooks.team}}"}, {"url": "{{hooks.team}}"}),
        (WEBHOOK, {"url": "https://h/{{a.b}}", "retries": "0"}, {"url": "https://h/{{a.b}}", "retries": 0}),
        (
            WEBHOOK,
            {"url": "http://h", "events": "failed, stopped"},
            {"url": "http://h", "events": ["failed", "stopped"]},
        ),
        (WEBHOOK, {"url": "http://h", "events": '["failed"]'}, {"url": "http://h", "events": ["failed"]}),
        (WEBHOOK, {"url": "http://h", "headers": '{"A": "{{s.k}}"}'}, {"url": "http://h", "headers": {"A": "{{s.k}}"}}),
        (
            WEBHOOK,
            {"url": "http://h/?token={{s.k}}&to=all", "headers": {"Cookie": "id={{s.k}}"}},
            {"url": "http://h/?token={{s.k}}&to=all", "headers": {"Cookie": "id={{s.k}}"}},
        ),
        (WEBHOOK, {"url": "https://hooks.example/T0/B0/xyz"}, {"url": "https://hooks.example/T0/B0/xyz"}),
        (MLFLOW, {"tracking_uri": "mysql://h/m?ssl_key=/x/k"}, {"tracking_uri": "mysql://h/m?ssl_key=/x/k"}),
        (CONTAINER_REGISTRY, {"uri": "ghcr.io/my-team/"}, {"uri": "ghcr.io/my-team"}),
        (
            CONTAINER_REGISTRY,
            {"uri": "localhost:5000", "insecure": "true"},
            {"uri": "localhost:5000", "insecure": True},
        ),
        (MLFLOW, {}, {}),
        (MLFLOW, {"tracking_uri": "https://m.example/"}, {"tracking_uri": "https://m.example"}),
        (MLFLOW, {"tracking_uri": "sqlite:////x/m.db"}, {"tracking_uri": "sqlite:////x/m.db"}),
        (MLFLOW, {"tracking_uri": "postgresql://u:{{d.p}}@h/m"}, {"tracking_uri": "postgresql://u:{{d.p}}@h/m"}),
    ],
)
def test_what_is_taken(flavor: Flavor, given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert flavor.validate(given, "it") == kept


@pytest.mark.parametrize(
    ("flavor", "given", "error", "text"),
    [
        (WEBHOOK, {}, ComponentConfigurationError, "needs the attribute 'url'"),
        (WEBHOOK, {"url": "file:///etc/passwd"}, ComponentConfigurationError, "a web address like"),
        (WEBHOOK, {"url": "http://"}, ComponentConfigurationError, "a web address like"),
        (WEBHOOK, {"url": "http://h:port/"}, ComponentConfigurationError, "a web address like"),
        (WEBHOOK, {"url": "http://user@h/"}, ComponentConfigurationError, "without a user name"),
        (WEBHOOK, {"url": "http://user:word@h/"}, SecretReferenceError, "'url' of the it has a password in it"),
        (WEBHOOK, {"url": "http://h/?a=b&api_key=w0rd"}, SecretReferenceError, "would store 'api_key' as plain text"),
        (
            WEBHOOK,
            {"url": "http://h", "headers": '{"Accept": "*/*", "authorization": "Bearer w0rd"}'},
            SecretReferenceError,
            "would store 'authorization' as plain text",
        ),
        (
            WEBHOOK,
            {"url": "http://h", "headers": {"X-Api-Key": "w0rd"}},
            SecretReferenceError,
            "would store 'X-Api-Key' as plain text",
        ),
        (
            WEBHOOK,
            {"url": "http://h", "headers": {"My-Secret": 12}},
            SecretReferenceError,
            "would store 'My-Secret' as plain text",
        ),
        (WEBHOOK, {"url": "http://h", "events": "done"}, ComponentConfigurationError, "events"),
        (WEBHOOK, {"url": "http://h", "events": "[]"}, ComponentConfigurationError, "events"),
        (WEBHOOK, {"url": "http://h", "headers": "{broken"}, ComponentConfigurationError, "headers='{broken'"),
        (WEBHOOK, {"url": "http://h", "timeout_s": "0"}, ComponentConfigurationError, "timeout_s"),
        (CONTAINER_REGISTRY, {"uri": "https://ghcr.io"}, ComponentConfigurationError, "leave the scheme out"),
        (CONTAINER_REGISTRY, {"uri": "h:99999"}, ComponentConfigurationError, "host[:port][/namespace] is needed"),
        (CONTAINER_REGISTRY, {"uri": "ghcr.io/Team"}, ComponentConfigurationError, "in lower case behind the host"),
        (CONTAINER_REGISTRY, {"uri": "h", "username": "me"}, ComponentConfigurationError, "belong together"),
        (CONTAINER_REGISTRY, {"uri": "h", "username": "me", "password": "p"}, SecretReferenceError, "not a plain text"),
        (MLFLOW, {"tracking_uri": "./mlruns"}, ComponentConfigurationError, "MLflow refuses folders"),
        (MLFLOW, {"tracking_uri": "sqlite:///m.db"}, ComponentConfigurationError, "needs an absolute path"),
        (MLFLOW, {"tracking_uri": "http://"}, ComponentConfigurationError, "a web address like"),
        (MLFLOW, {"tracking_uri": "https://h:port"}, ComponentConfigurationError, "a web address like"),
        (MLFLOW, {"tracking_uri": "https://me@h"}, ComponentConfigurationError, "without a user name"),
        (MLFLOW, {"tracking_uri": "mysql://u:w0rd@h/m"}, SecretReferenceError, "has a password in it"),
        (
            MLFLOW,
            {"tracking_uri": "mysql://h/m?user=u&password=w0rd"},
            SecretReferenceError,
            "would store 'password' as plain text",
        ),
    ],
)
def test_what_is_refused(flavor: Flavor, given: dict[str, Any], error: type[StackyardError], text: str) -> None:
    with pytest.raises(error) as caught:
        flavor.validate(given, "it")
    assert text in caught.value.message
    assert "Value error" not in caught.value.message
    assert caught.value.hint
    if error is SecretReferenceError:
        assert "w0rd" not in str(caught.value)


def test_a_tracker_without_a_server_has_a_database_in_home(home: Path) -> None:
    """Each has its own, which does not depend on the component's name; the registry keeps no path."""
    ctx = open_context()
    kind = ComponentType.EXPERIMENT_TRACKER
    one, two = (register_component(ctx, kind, name, "mlflow", {}) for name in ("one", "two"))
    assert one.configuration["tracking_uri"] == f"sqlite:///{home}/mlflow/{one.id}/mlflow.db"
    assert two.configuration["tracking_uri"] != one.configuration["tracking_uri"]
    assert [c.configuration for c in ctx.registry.read().components_of(kind)] == [{}, {}]
    assert get_component(ctx, kind, "one").configuration == one.configuration


def test_a_database_is_checked_without_being_made(tmp_path: Path) -> None:
    def check(path: Path) -> tuple[str, str]:
        (finding,) = MlflowTracker(MlflowConfiguration(tracking_uri=f"sqlite:///{path}")).check()
        return finding.severity, finding.message

    assert check(tmp_path / "new" / "m.db") == ("ok", f"MLflow tracks in {tmp_path / 'new' / 'm.db'}.")
    assert not any(tmp_path.iterdir())
    (tmp_path / "file").touch()
    assert check(tmp_path / "file" / "m.db")[0] == "error"


def test_only_the_place_of_a_service_is_shown() -> None:
    tracker = MlflowTracker(MlflowConfiguration(tracking_uri="postgresql://me:w0rd@host:5432/m"))
    (finding,) = tracker.check()
    assert finding.message.startswith("MLflow tracks at postgresql://me@host:5432/m;")
    assert web.place_of(web.split("https://host:8443/services/T0/B0/s3cret")) == "https://host:8443"


def test_what_http_can_not_carry_is_refused_without_being_shown() -> None:
    """Given a secret with a line break in a header, the error does not repeat it."""
    configuration = WebhookConfiguration(url="http://127.0.0.1:9/", headers={"Authorization": "s3cret\nX: y"})
    with pytest.raises(ComponentError, match="characters that HTTP does not allow") as caught:
        WebhookAlerter(configuration).run_ended(ALERT)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_unknown_host_is_named_within_the_timeout() -> None:
    configuration = WebhookConfiguration(url="http://nowhere.invalid/s3cret", timeout_s=5, retries=0)
    with pytest.raises(
        ComponentError, match=r"http://nowhere\.invalid can't be reached: (its host|no answer)"
    ) as caught:
        WebhookAlerter(configuration).run_ended(ALERT)
    assert "s3cret" not in str(caught.value)
