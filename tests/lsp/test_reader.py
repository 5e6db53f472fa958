"""Looking into stored values: a process of the user's interpreter, started on demand and replaced when it dies."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
import venv
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stackyard_ls.reader import CancelledRequestError, Reader
from tests.lsp.client import ROOT, Client, RequestError
from tests.lsp.conftest import make_project, variables
from tests.lsp.test_runs import descendants

PAGE, STATISTICS = "stackyard/artifact/page", "stackyard/artifact/statistics"
SAVE = """\
import json
import numpy as np
import pandas as pd
from stackyard import save_artifact

people = pd.DataFrame({"name": ["Bo", "Al", None, "Cy"], "age": [30, 41, 7, 41]})
made = {
    "people": people, "cube": np.arange(24).reshape(2, 3, 4), "words": "one\\ntwo\\nthree", "fact": {"a": 1},
    "numbers": [3, 1, 2], "thing": {1, (2,)} and Exception("x"),
}
print(json.dumps({name: str(save_artifact(value, name).id) for name, value in made.items()}))
"""
CANCELLED = -32800


class Data:
    """A project with artifacts."""

    def __init__(self, folder: Path) -> None:
        self.project = make_project(folder / "my project")
        self.env = variables(folder / "home")
        done = subprocess.run(
            [sys.executable, "-c", SAVE], cwd=self.project, env={**os.environ, **self.env}, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.ids: dict[str, str] = json.loads(done.stdout)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Data:
    return Data(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="module")
def client(data: Data) -> Iterator[Client]:
    client = Client(cwd=data.project, env=data.env)
    client.initialize(data.project, interpreter=sys.executable)
    yield client
    readers = find_readers(client)
    assert client.shutdown() == 0, client.stderr
    client.close()
    wait_until(lambda: not any(alive(pid) for pid in readers))


def find_readers(client: Client) -> list[int]:
    """Return the reader processes of a server."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    own = set(descendants(client.process.pid))
    return [
        int(line.split()[0]) for line in listed.splitlines() if "run_reader" in line and int(line.split()[0]) in own
    ]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def suspend(pid: int) -> None:
    """Stop a process and wait until each of its threads stands: none reads another byte."""
    os.kill(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    wait_until(lambda: all((t / "stat").read_text().rpartition(")")[2].split()[0] == "T" for t in tasks.iterdir()))


def wait_for_bytes(pid: int) -> None:
    """Wait until something was sent to a suspended process: requests of one client may overtake each other."""

    def waiting() -> bool:
        return any(fd.readlink().name.startswith("pipe:") and holds(fd) for fd in Path(f"/proc/{pid}/fd").iterdir())

    def holds(pipe: Path) -> bool:
        with pipe.open("rb", buffering=0) as file:
            return any(fcntl.ioctl(file, termios.FIONREAD, bytes(4)))

    wait_until(waiting)


def wait_until(test: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 180
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def refused(client: Client, method: str, code: str, **params: Any) -> dict[str, Any]:
    with pytest.raises(RequestError) as caught:
        client.request(method, params)
    assert caught.value.code == -32803, (caught.value.message, client.stderr)
    assert caught.value.data["code"] == code, caught.value.data
    return dict(caught.value.data)


def test_pages(client: Client, data: Data) -> None:
    page = client.request(PAGE, {"id": data.ids["people"]})
    assert [c["name"] for c in page["columns"]] == ["name", "age"]
    assert page["rows"] == [["Bo", 30], ["Al", 41], [None, 7], ["Cy", 41]]
    assert (page["n_rows"], page["n_matching"], page["offset"]) == (4, 4, 0)
    sort = [{"column": "age", "descending": True}, {"column": "name"}]
    page = client.request(PAGE, {"id": data.ids["people"], "sort": sort, "offset": 1, "limit": 2, "columns": ["name"]})
    assert page["rows"] == [["Cy"], ["Bo"]]
    where = [{"column": "age", "op": ">=", "value": "30"}, {"column": "name", "op": "contains", "value": "l"}]
    page = client.request(PAGE, {"id": data.ids["people"], "where": where})
    assert page["rows"] == [["Al", 41]]
    assert page["n_matching"] == 1
    cube = client.request(PAGE, {"id": data.ids["cube"], "index": [1], "limit": 1})
    assert cube["rows"] == [[12, 13, 14, 15]]
    assert (cube["shape"], cube["index"], cube["n_rows"]) == ([2, 3, 4], [1], 3)
    words = client.request(
        PAGE, {"id": data.ids["words"], "where": [{"column": "line", "op": "contains", "value": "o"}]}
    )
    assert words["rows"] == [["one"], ["two"]]
    assert client.request(PAGE, {"id": data.ids["numbers"], "sort": [{"column": "value"}]})["rows"] == [[1], [2], [3]]


def test_statistics(client: Client, data: Data) -> None:
    found = client.request(STATISTICS, {"id": data.ids["people"], "column": "age"})["statistics"]
    assert (found["count"], found["minimum"], found["maximum"], found["distinct"]) == (4, 7, 41, 3)
    found = client.request(STATISTICS, {"id": data.ids["people"], "column": "name"})["statistics"]
    assert (found["count"], found["missing"]) == (3, 1)


def test_what_can_not_be_done_is_said(client: Client, data: Data) -> None:
    people = data.ids["people"]
    wrong = refused(client, PAGE, "U100", id=people, columns=["agee"])
    assert "'agee'" in wrong["message"]
    assert "Did you mean 'age'?" in wrong["hint"]
    wrong = refused(client, PAGE, "U100", id=people, where=[{"column": "age", "op": ">", "value": "old"}])
    assert "int64" in wrong["message"]
    assert "a number" in wrong["hint"]
    refused(client, PAGE, "U100", id=people, where=[{"column": "age", "op": "contains", "value": "3"}])
    refused(client, PAGE, "U100", id=data.ids["cube"], index=[2])
    refused(client, PAGE, "N105", id="nobody-has-it")
    refused(client, PAGE, "S110", id=data.ids["fact"])
    assert "pickle" in refused(client, PAGE, "S110", id=data.ids["thing"])["message"]


def test_a_killed_reader_is_named_and_replaced(client: Client, data: Data) -> None:
    params = {"id": data.ids["people"]}
    client.request(PAGE, params)
    (pid,) = find_readers(client)
    suspend(pid)
    waiting = client.begin(PAGE, params)
    wait_for_bytes(pid)
    client.request("stackyard/stack/list")  # others don't wait for it
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RequestError, match="killed by SIGKILL") as caught:
        client.finish(waiting)
    assert "Try again" in caught.value.data["hint"]
    assert client.request(PAGE, params)["n_rows"] == 4
    assert find_readers(client) != [pid]


def test_a_request_that_nobody_wants_holds_up_nobody(client: Client, data: Data) -> None:
    params = {"id": data.ids["people"], "view": "table 1"}
    client.request(PAGE, params)
    (pid,) = find_readers(client)
    suspend(pid)
    stuck = client.begin(PAGE, params)
    wait_for_bytes(pid)
    newer = client.begin(PAGE, {**params, "sort": [{"column": "age"}]})
    with pytest.raises(RequestError) as caught:
        client.finish(stuck)
    assert caught.value.code == CANCELLED, "the newer request of the same view took its place"
    assert client.finish(newer)["rows"][0] == [None, 7], "and is answered although the reader hung"
    assert not alive(pid)

    (pid,) = find_readers(client)
    suspend(pid)
    stuck = client.begin(PAGE, {"id": data.ids["people"]})
    wait_for_bytes(pid)
    client.notify("$/cancelRequest", {"id": stuck})
    with pytest.raises(RequestError) as caught:
        client.finish(stuck)
    assert caught.value.code == CANCELLED
    os.kill(pid, signal.SIGCONT)
    assert client.request(PAGE, params)["n_rows"] == 4


def test_the_order_in_which_requests_came_counts_not_that_of_their_threads(tmp_path: Path) -> None:
    """Given a program that never answers, when an older request's thread is late, then the newer one goes on."""
    script = tmp_path / "reader.py"
    script.write_text("import sys\nsys.stdin.read()\n", encoding="utf-8")
    reader = Reader(str(script))

    def ask(number: int, cancelled: threading.Event) -> dict[str, Any]:
        return reader.ask(sys.executable, {"method": "page"}, cancelled, "view", number)

    with ThreadPoolExecutor(2) as pool:
        second, third = threading.Event(), threading.Event()
        newer = pool.submit(ask, 2, second)
        wait_until(lambda: bool(reader._views))
        with pytest.raises(CancelledRequestError):
            ask(1, threading.Event())
        assert not second.is_set()
        newest = pool.submit(ask, 3, third)
        with pytest.raises(CancelledRequestError):
            newer.result(180)
        assert not third.is_set()
        third.set()
        with pytest.raises(CancelledRequestError):
            newest.result(180)


def test_damage_is_found(client: Client, data: Data) -> None:
    shown = client.request("stackyard/artifact/show", {"id": data.ids["numbers"]})
    file = Path(shown["version"]["files"][0]["path"])
    good = file.read_bytes()
    file.write_bytes(good.replace(b"3", b"4"))
    assert "damaged" in refused(client, PAGE, "S106", id=data.ids["numbers"])["message"]
    file.write_bytes(good)
    assert client.request(PAGE, {"id": data.ids["numbers"]})["n_rows"] == 3


def test_an_environment_without_packages(data: Data, tmp_path: Path) -> None:
    """Given an interpreter that has nothing, the extension's own Stackyard reads what needs no package."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=os.name != "nt")
    python = str(tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python")
    client = Client(cwd=data.project, env=data.env)
    try:
        client.initialize(data.project, interpreter=python, trusted=False)
        assert "not trusted" in refused(client, PAGE, "U100", id=data.ids["numbers"])["message"]
        assert "not trusted" in refused(client, STATISTICS, "U100", id=data.ids["people"], column="age")["message"]
        assert not find_readers(client)
        client.notify("stackyard/configure", {"trusted": True})
        assert client.request(PAGE, {"id": data.ids["numbers"]})["rows"] == [[3], [1], [2]]
        wrong = refused(client, PAGE, "E101", id=data.ids["people"])
        assert "pyarrow" in wrong["message"]
        assert f"{python} -m pip install pyarrow" in wrong["hint"]
        assert "numpy" in refused(client, PAGE, "E101", id=data.ids["cube"])["message"]
        shown = client.request("stackyard/artifact/show", {"id": data.ids["people"]})
        assert shown["version"]["preview"]["rows"], "the preview needs no package"
        client.notify("stackyard/configure", {"interpreter": ""})
        assert "no Python interpreter" in refused(client, PAGE, "E103", id=data.ids["numbers"])["message"]
        client.notify("stackyard/configure", {"interpreter": str(tmp_path / "none")})
        assert "can't be started" in refused(client, PAGE, "E103", id=data.ids["numbers"])["message"]
        assert client.shutdown() == 0
    finally:
        client.close()


def test_it_ends_when_nobody_asks_and_with_whoever_started_it() -> None:
    command = [sys.executable, str(ROOT / "bundled" / "tool" / "run_reader.py")]
    with subprocess.Popen([*command, "--idle", "0.1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle:
        assert idle.stdout
        assert json.loads(idle.stdout.readline()) == {"ready": True}
        assert idle.wait(timeout=180) == 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=180) == 0
