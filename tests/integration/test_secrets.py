"""Nothing of the values of three secrets is left anywhere by a run that uses and tells them in every way."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.integration.user import User, wait_for
from tests.lsp.client import Client

SECRETS = {  # all made up
    "api": {
        "API_KEY": "päss wörd/+&='\"\\x",
        "PEM": "-----BEGIN-----\nMIIBVgIBADAN/Bg+q\nhkiG9w0BAQEF\n-----END-----\n",
    },
    "box": {"key": "open-sesame"},
    "hook": {"token": "h00k/t0ken+&=%chars"},
}
VALUES = {key: value for secret in SECRETS.values() for key, value in secret.items()}
MASK = "***"

REGISTER = """
import sys
from stackyard import Client
client = Client()
client.create_flavor("tiny_flavors:STORE", "artifact_store")
client.create_stack_component("box", "box", "artifact_store", {"folder": sys.argv[1], "key": "{{box.key}}"})
headers = {"Authorization": "Bearer {{hook.token}}"}
client.create_stack_component("hook", "webhook", "alerter", {"url": sys.argv[2], "headers": headers})
client.create_stack("guarded", {"orchestrator": "default", "artifact_store": "box", "alerter": "hook"})
client.activate_stack("guarded")
"""

PIPELINE = """
import base64, hashlib, json, logging, os, subprocess, sys
from urllib.parse import quote, quote_plus

from stackyard import Client, log_metadata, pipeline, step

NAMES = ["API_KEY", "PEM", "key", "token"]


def ways(value):
    data = value.encode()
    yield "plain", value
    yield "json", json.dumps({"value": value})
    yield "repr", repr([value])
    yield "bytes", repr(data)
    yield "url", quote(value, safe="")
    yield "path", quote(value)
    yield "form", quote_plus(value)
    for n in range(3):
        yield f"base64 {n}", base64.b64encode(b"." * n + data + b"...").decode()
        yield f"urlsafe {n}", base64.urlsafe_b64encode(b"." * n + data).decode().rstrip("=")


@step(secrets=["api", "box", "hook"], enable_cache=False)
def tell() -> int:
    proof = {}
    for name in NAMES:
        value = os.environ[name]
        proof[name] = hashlib.sha256(value.encode()).hexdigest()
        for way, text in ways(value):
            print(f"{name} {way}: {text}")
            print(f"{name} {way}: {text}", file=sys.stderr)
            logging.getLogger("app").warning("%s %s: %s", name, way, text)
        sys.stdout.write(f"{name} in pieces: ")
        for character in value:
            sys.stdout.write(character)
            sys.stdout.flush()
        sys.stdout.write("\\n")
        sys.stdout.flush()
        os.write(1, f"{name} by descriptor: ".encode())
        data = value.encode()
        for i in range(0, len(data), 3):
            os.write(1, data[i : i + 3])
        os.write(1, b"\\n")
        child = f"import os; print('{name} by a child:', os.environ['{name}'])"
        subprocess.run([sys.executable, "-c", child], check=True)
        log_metadata({f"{name} logged": value, "nested": {"list": [value], value: 1}})
    secret = Client().get_secret("api")
    print("api whole:", secret, secret.secret_values)
    with open("proof.json", "w") as file:
        json.dump(proof, file)
    return 1


@step(secrets=["api", "box", "hook"], enable_cache=False)
def fail(x: int) -> int:
    try:
        raise KeyError(os.environ["API_KEY"])
    except KeyError as error:
        raise RuntimeError("refused: " + " and ".join(os.environ[name] for name in NAMES)) from error


@pipeline
def guarded():
    fail(tell())
"""


def written(value: str) -> Iterator[str]:
    """Yield all ways in which a value, or one of its lines, must not be found."""
    for part in {value, value.strip(), *(line for line in value.splitlines() if line)}:
        data = part.encode()
        yield part
        yield json.dumps(part)[1:-1]
        yield json.dumps(part, ensure_ascii=False)[1:-1]
        yield repr(part)[1:-1]
        yield repr(data)[2:-1]
        yield from (quote(part, safe=""), quote(part), quote_plus(part))
        for before, first in ((0, 0), (1, 2), (2, 3)):
            text = base64.b64encode(b"\0" * before + data).decode()[first : (before + len(data)) * 8 // 6]
            yield text
            yield text.translate(str.maketrans("+/", "-_"))


NEEDLES = {form.encode(): key for key, value in VALUES.items() for form in written(value)}


def traces(data: bytes | str) -> list[str]:
    """Return what of the values can be found in something."""
    searched = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    return [f"{key} as {needle!r}" for needle, key in NEEDLES.items() if needle in searched]


def left_in_files(*folders: Path) -> list[str]:
    """Return traces in the names and the bytes of files."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*")):
        found += [f"name of {path}: {trace}" for trace in traces(path.name)]
        if path.is_file():
            found += [f"{path}: {trace}" for trace in traces(path.read_bytes())]
    return found


def left_in_catalog(home: Path) -> list[str]:
    """Return traces in the rows: a value that is long lies on several pages of the file."""
    connection = sqlite3.connect(f"file:{home / 'catalog.db'}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        assert tables
        rows = [row for table in tables for row in connection.execute(f'select * from "{table}"')]
    finally:
        connection.close()
    return [trace for row in rows for cell in row for trace in traces(cell if isinstance(cell, bytes) else str(cell))]


class RecordingClient(Client):
    """A language client that keeps every byte it sends and everything it receives."""

    def __init__(self, **options: Any) -> None:
        self.sent = b""
        super().__init__(**options)

    def send_bytes(self, data: bytes) -> None:
        self.sent += data
        super().send_bytes(data)

    def traffic(self) -> str:
        """Everything that was said, in both directions, and what the server printed."""
        return f"{self.sent.decode()}\n{json.dumps(self.raw, ensure_ascii=False)}\n{self.stderr}"


@pytest.fixture
def hooks() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server that alerts are posted to: its address, and what it got: header and body."""
    got: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            got.append((self.headers["Authorization"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", got
    server.shutdown()
    server.server_close()


@pytest.fixture
def guarded(user: User, tmp_path: Path, hooks: tuple[str, list[tuple[str, str]]]) -> User:
    """A user with three secrets in an encrypted file, components that need them, and a pipeline that tells them."""
    flavors = Path(__file__).with_name("tiny_flavors.py").read_text()
    hidden = f'bytes.fromhex("{SECRETS["box"]["key"].encode().hex()}").decode()'
    user.write("tiny_flavors.py", flavors.replace('"open-sesame"', hidden))
    user.variables["PYTHONPATH"] = str(user.folder)
    for name, values in SECRETS.items():
        path = tmp_path / "given.json"
        path.write_text(json.dumps(values))
        user.do("secret", "create", name, f"--values=@{path}")
        path.unlink()
    done = user.python("-c", REGISTER, str(tmp_path / "the box"), hooks[0])
    assert done.code == 0, done
    user.write("guarded.py", PIPELINE)
    return user


def check_what_happened(user: User, hooks: tuple[str, list[tuple[str, str]]]) -> None:
    """Check that the step and the components really had the values, and that the masks stand where they were."""
    run = user.last_run()
    assert {step.name: step.status for step in run.steps} == {"tell": "completed", "fail": "failed"}
    proof = json.loads((user.folder / "proof.json").read_text())
    assert proof == {key: hashlib.sha256(value.encode()).hexdigest() for key, value in VALUES.items()}
    [(header, body)] = wait_for(lambda: hooks[1], 180, "the alert")
    assert header == f"Bearer {VALUES['token']}"
    assert "refused: ***" in body
    assert not traces(body)
    lines = [line.text for line in user.logs(run, "tell")]
    ways = ["plain", "json", "repr", "bytes", "url", "path", "form"]
    ways += [f"{kind} {n}" for kind in ("base64", "urlsafe") for n in range(3)]
    for key in VALUES:
        for way in ways:
            masked = [line for line in lines if f"{key} {way}: " in line and MASK in line]
            assert len(masked) == 3, f"{key} {way} on stdout, stderr and as a log record: {masked}"
        for way in ("in pieces:", "by descriptor:", "by a child:"):
            assert any(line.startswith(f"{key} {way} {MASK}") for line in lines), (key, way, lines)
    tell, fail = run.steps
    assert tell.metadata["token logged"] == MASK
    assert fail.error is not None
    assert fail.error.message.startswith(f"refused: {MASK} and {MASK}")


def places(user: User) -> list[Path]:
    """Where a run leaves anything."""
    return [user.home, user.folder, user.home.parent / "the box"]


@pytest.mark.parametrize("key", VALUES)
def test_the_search_finds_what_it_looks_for(key: str, tmp_path: Path) -> None:
    """Whatever way a value is written into a file, the search of these tests finds it."""
    scope: dict[str, Any] = {}
    exec(PIPELINE.partition("@step")[0].replace("from stackyard", "#"), scope)
    for way, text in scope["ways"](VALUES[key]):
        (tmp_path / "file").write_text(f"before {text} after")
        assert any(f": {key} as" in trace for trace in left_in_files(tmp_path)), (way, text)


def test_a_run_in_a_terminal_leaves_nothing_of_its_secrets(
    guarded: User, hooks: tuple[str, list[tuple[str, str]]]
) -> None:
    done = guarded.stackyard("run", "guarded.py")
    assert done.code == 1, done
    check_what_happened(guarded, hooks)
    run = guarded.last_run().id
    shown = [
        done,
        guarded.stackyard("run", "logs", run),
        guarded.stackyard("run", "show", run, "--json"),
        guarded.stackyard("artifact", "list", "--json"),
        guarded.stackyard("artifact-store", "describe", "box", "--json"),
        guarded.stackyard("alerter", "describe", "hook"),
        guarded.stackyard("secret", "list", "--json"),
        guarded.stackyard("stack", "export", "guarded"),
    ]
    assert [trace for result in shown for trace in traces(result.text)] == []
    assert left_in_files(*places(guarded)) == []
    assert left_in_catalog(guarded.home) == []


def test_a_run_of_an_editor_leaves_nothing_of_its_secrets(
    guarded: User, hooks: tuple[str, list[tuple[str, str]]]
) -> None:
    client = RecordingClient(cwd=guarded.folder, env=guarded.environment())
    try:
        client.initialize(guarded.folder, interpreter=sys.executable)
        uri = client.open(guarded.folder / "guarded.py")
        where = {"file": str(guarded.folder / "guarded.py"), "function": "guarded"}
        run = {"run": client.request("stackyard/run/start", where)["run_id"]}
        wait_for(
            lambda: client.request("stackyard/run/show", run)["status"] in ("failed", "completed"),
            180,
            "the end of the run",
        )
        check_what_happened(guarded, hooks)
        logs = client.request("stackyard/run/logs", {**run, "limit": 5000})
        assert MASK in json.dumps(logs)
        client.request("stackyard/run/list", {})
        client.request("stackyard/stack/check", {"stack": "guarded"})
        for kind, name in (("artifact_store", "box"), ("alerter", "hook")):
            described = client.request("stackyard/component/describe", {"component_type": kind, "component": name})
            assert "{{" in json.dumps(described), "the reference is shown, not the value"
        client.hover(uri, 24, 6)
        assert client.shutdown() == 0
    finally:
        client.close()
    assert len(client.raw) > 8
    assert traces(client.traffic()) == []
    assert left_in_files(*places(guarded)) == []
    assert left_in_catalog(guarded.home) == []
