"""No process that dies, and none that comes at the same time, loses a secret."""

from __future__ import annotations

import json
import subprocess

from tests.integration.user import ROOT, User

CRASH = """
import os, signal, sys

sys.path.insert(0, sys.argv[1])
from stackyard.api import secrets
from stackyard.api.context import open_context

ctx = open_context(sys.argv[2])


def state():
    return {
        view.name: (view.keys, secrets.secret_values(ctx, [view.name])[view.name])
        for view in secrets.list_secrets(ctx)
    }


def kill_at(number):
    '''Die by SIGKILL at the n-th thing that this process does to a file of the secrets.'''
    seen = 0

    def watch(event, arguments):
        nonlocal seen
        if event not in ("open", "os.rename", "os.remove") or "secrets." not in str(arguments[0]):
            return
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


CHANGES = {
    "create": lambda: secrets.create_secret(ctx, "new", {"a": "new-a-value", "b": "new-b-value"}),
    "update": lambda: secrets.update_secret(ctx, "db", {"password": "changed-it", "url": "some-place"}, ["user"]),
    "rename": lambda: secrets.rename_secret(ctx, "db", "base"),
    "delete": lambda: secrets.delete_secret(ctx, "db"),
}
secrets.create_secret(ctx, "other", {"x": "never-touched"})
for name, change in CHANGES.items():
    number, outcomes = 0, []
    while True:
        number += 1
        for view in secrets.list_secrets(ctx):
            if view.name != "other":
                secrets.delete_secret(ctx, view.name)
        secrets.create_secret(ctx, "db", {"user": "some-user", "password": "old-word"})
        before = state()
        child = os.fork()
        if child == 0:
            kill_at(number)
            change()
            os._exit(0)
        ended = os.waitpid(child, 0)[1]
        after = state()
        if ended == 0:
            assert after != before, name
            complete = after
            break
        assert os.WTERMSIG(ended) == signal.SIGKILL, ended
        print(name, number, "old" if after == before else "new", flush=True)
        outcomes.append(after)
    for found in outcomes:
        assert found in (before, complete), (name, found)
    assert number > 4, "killed at too few places to tell anything"
    print(name, "whole", flush=True)
"""


def test_a_killed_change_leaves_the_old_or_the_new_state(user: User) -> None:
    """Given a change that is killed wherever it touches a file, then all secrets are as before it or as after it."""
    user.write("crash.py", CRASH)
    done = user.python("crash.py", ROOT / "src", user.folder)
    assert done.code == 0, done
    assert [line.split()[0] for line in done.out.splitlines() if line.endswith("whole")] == [
        "create", "update", "rename", "delete",
    ]  # fmt: skip
    assert left_temporary_files(user) == []


def left_temporary_files(user: User) -> list[str]:
    return [path.name for path in user.home.glob(".secrets*.tmp")]


CREATE = """
import sys

from stackyard.api import secrets
from stackyard.api.context import open_context

ctx = open_context(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for i in range(6):
    name = f"s{sys.argv[2]}-{i}"
    secrets.create_secret(ctx, name, {"key": f"value of {name}"})
    secrets.update_secret(ctx, "shared", {f"k{sys.argv[2]}-{i}": "x-x-x-x"})
"""


def test_processes_that_create_at_once_lose_nothing(user: User) -> None:
    user.do("secret", "create", "shared", "--first=abcd")
    (user.home.parent / "secrets.key").unlink()
    (user.home / "secrets.enc").unlink()
    (user.home / "secrets.json").unlink()
    user.do("secret", "create", "shared", "--first=abcd")
    user.write("create.py", CREATE)
    processes = [
        subprocess.Popen(
            [user.interpreter, "create.py", str(user.folder), str(n)],
            cwd=user.folder, env=user.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for n in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.communicate("go\n", timeout=300)
        assert process.returncode == 0
    listed = json.loads(user.do("secret", "list", "--json").out)["items"]
    names = {f"s{n}-{i}" for n in range(4) for i in range(6)}
    assert {view["name"] for view in listed} == names | {"shared"}
    shared = next(view for view in listed if view["name"] == "shared")
    assert set(shared["keys"]) == {"first"} | {f"k{n}-{i}" for n in range(4) for i in range(6)}
    for name in ("s0-0", "s3-5"):
        assert user.do("secret", "get", name, "--show=key").out == f"value of {name}\n"
