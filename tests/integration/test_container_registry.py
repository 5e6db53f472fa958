"""Checks of container registries: against a real one, and against one that logs in by token and hands out pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stackyard.flavors import web
from stackyard.flavors.opening import open_component
from stackyard.model.enums import ComponentType
from stackyard.model.errors import ComponentError
from stackyard.model.job import ComponentSpec
from tests.integration.docker_registry import PASSWORD, USER, push, registry
from tests.integration.user import User
from tests.integration.web_server import Asked, Reply, closed_port, serving

# The registry's program may have to be downloaded first.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry with one repository of three tags."""
    with registry(tmp_path_factory.mktemp("registry")) as address:
        push(address, "team/model", "v2", "latest", "v1")
        yield address


def _open(**configuration: Any) -> Any:
    kind = ComponentType.CONTAINER_REGISTRY
    return open_component(
        ComponentSpec(
            component_type=kind, component_id="c", name="images", flavor="default", configuration=configuration
        )
    )


@pytest.fixture
def gone() -> Iterator[str]:
    """Where nobody listens."""
    with closed_port() as port:
        yield f"127.0.0.1:{port}"


def test_a_check_logs_in_and_reads_tags(user: User, host: str, gone: str) -> None:
    """Given a real registry, its check tells right from wrong: password, repository, port, protocol."""
    user.variables["STACKYARD_SECRET__YARD__PASSWORD"] = PASSWORD
    user.variables["STACKYARD_SECRET__OTHER__PASSWORD"] = "wr0ng-password"
    login = (f"--username={USER}", "--password={{yard.password}}")
    uri = f"--uri={host}/team"
    user.do("container-registry", "register", "images", "--flavor", "default", uri, "--insecure=true", *login)
    user.do("container-registry", "update", "images", "--repository=model")
    right = user.do("container-registry", "check", "images")
    assert f"it takes the login of {USER}" in right.text
    assert "The repository model has 3 tags" in right.text

    for change, reason in {
        "--password={{other.password}}": f"refuses the login of '{USER}'",
        "--repository=nothing": "has no repository 'team/nothing'",
        f"--uri={gone}": f"http://{gone} can't be reached: connection refused",
        "--insecure=false": f"https://{host} can't be reached: it does not speak HTTPS",
    }.items():
        user.do("container-registry", "update", "images", change)
        wrong = user.stackyard("container-registry", "check", "images")
        assert wrong.code != 0, wrong
        assert reason in wrong.text, wrong
        assert PASSWORD not in wrong.text
        assert "wr0ng-password" not in wrong.text
        back = [f"--uri={host}/team", "--insecure=true", "--repository=model", *login]
        user.do("container-registry", "update", "images", *back)


def test_tags_come_in_order(host: str) -> None:
    """Given a real registry, the tags of a repository are listed; without a login it says what it wants."""
    images = _open(uri=f"{host}/team", insecure=True, username=USER, password=PASSWORD)
    assert images.tags("model") == ["latest", "v1", "v2"]
    with pytest.raises(ComponentError, match="has no repository 'team/none'"):
        images.tags("none")
    (finding,) = _open(uri=host, insecure=True).check()
    assert (finding.severity, finding.code) == ("error", "registry_login_refused")
    assert "asks for a login" in finding.message
    assert "--username=USER" in finding.fix


def test_a_token_is_fetched_where_the_registry_says_and_all_pages_are_read() -> None:
    """Given a registry that wants a bearer token and hands out two tags a page, all tags are found."""
    tags = [f"v{number}" for number in range(5)]

    def answer(request: Asked) -> Reply:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        if parts.path == "/token":
            asked = (query["service"], query["scope"], request.headers.get("authorization"))
            right = (["images"], ["repository:team/model:pull"], web.basic(USER, PASSWORD))
            return Reply(200, body=json.dumps({"token": "t0ken"}).encode()) if asked == right else Reply(401)
        if request.headers.get("authorization") != "Bearer t0ken":
            realm = f'realm="{server.url}/token",service="images",scope="repository:team/model:pull"'
            return Reply(401, {"WWW-Authenticate": f"Bearer {realm}"})
        start = int(query.get("last", ["0"])[0])
        following = f'</v2/team/model/tags/list?n=2&last={start + 2}>; rel="next"'
        link = {"Link": following} if start + 2 < len(tags) else {}
        return Reply(200, link, json.dumps({"tags": tags[start : start + 2]}).encode())

    with serving(answer) as server:
        address = server.url.removeprefix("http://")
        images = _open(uri=f"{address}/team", insecure=True, username=USER, password=PASSWORD)
        assert images.tags("model") == tags
        wrong = _open(uri=f"{address}/team", insecure=True, username=USER, password="wrong")
        with pytest.raises(ComponentError, match=f"refuses the login of '{USER}'"):
            wrong.tags("model")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(200, body=b"<html>"), "its answer is no JSON document"),
        (Reply(404), "has no repository"),
        (Reply(500), "answered 500"),
        (Reply(301, {"Location": "http://127.0.0.1:1/"}), "answered 301"),
        (Reply(200, {"Link": '<http://127.0.0.1:1/v2/>; rel="next"'}, b'{"tags": []}'), "on another host"),
        (Reply(401, {"WWW-Authenticate": "Negotiate"}), "of the kind 'Negotiate'"),
        (Reply(401, {"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}), "that is no web address"),
    ],
    ids=["html", "404", "500", "redirect", "foreign page", "unknown login", "file as realm"],
)
def test_what_is_no_registry_is_named(reply: Reply, reason: str) -> None:
    """Given a server that answers something else, the error says what, and nothing else is asked."""
    with serving(lambda _: reply) as server:
        images = _open(uri=server.url.removeprefix("http://"), insecure=True, username=USER, password=PASSWORD)
        with pytest.raises(ComponentError, match=reason):
            images.tags("model")


def test_a_password_is_not_sent_without_encryption() -> None:
    """Given a registry that asks for the login at an http address, it is not sent unless that is allowed."""
    client = _open(uri="registry.example", username=USER, password=PASSWORD)
    with pytest.raises(ComponentError, match="without encryption"):
        client._log_in('Bearer realm="http://registry.example/token"')
