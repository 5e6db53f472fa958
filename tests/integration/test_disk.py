"""A home that can't be written, a disk that is full, a registry cut in half: clear errors, and nothing is lost."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from stackyard.model.errors import HomeNotWritableError, RegistryDamagedError
from tests.integration.user import Result, User, statuses

SMALL = """
from stackyard import pipeline, step

@step
def make(n: int = 3) -> int:
    return n

@pipeline
def small(n: int = 3) -> None:
    make(n)

if __name__ == "__main__":
    small()
"""


def in_private_mounts(user: User, script: str) -> Result:
    """Run a shell script in a mount namespace of its own: what it mounts is seen by nobody else."""
    return user.run("unshare", "--mount", "--propagation", "private", "sh", "-euc", script)


def refused(result: Result, home: Path) -> None:
    assert result.code == HomeNotWritableError.exit_code, result
    assert f"Stackyard's home {home} can't be written" in result.text, result
    assert "STACKYARD_HOME" in result.text, result
    assert "Traceback" not in result.text, result


def test_a_home_below_a_regular_file(user: User) -> None:
    user.write("run.py", SMALL)
    user.write("file", "no folder\n")
    user.home = user.folder / "file" / "home"
    refused(user.python("run.py"), user.home)
    refused(user.stackyard("artifact-store", "register", "other", "--flavor=local"), user.home)
    refused(user.stackyard("stack", "set", "default", "--global"), user.home)
    assert (user.folder / "file").read_text() == "no folder\n"


def test_a_home_on_a_read_only_mount(user: User) -> None:
    user.write("run.py", SMALL)
    user.do("artifact-store", "register", "kept", "--flavor=local")
    assert user.python("run.py").code == 0
    home, python = shlex.quote(str(user.home)), shlex.quote(user.interpreter)
    mount = f"mount --bind {home} {home}; mount -o remount,bind,ro {home}; "
    refused(in_private_mounts(user, f"{mount} exec {python} run.py"), user.home)
    refused(
        in_private_mounts(user, f"{mount} exec {python} -m stackyard artifact-store register o -f local"), user.home
    )
    # Reading goes on.
    listed = in_private_mounts(
        user, f"{mount} {python} -m stackyard artifact-store list; {python} -m stackyard stack get"
    )
    assert listed.code == 0, listed
    assert "kept" in listed.out
    shown = in_private_mounts(user, f"{mount} exec {python} -m stackyard run list")
    assert shown.code == 0, shown
    assert "small-1" in shown.out
    assert user.python("run.py").code == 0
    assert len(user.runs()) == 2


GREEDY = """
import sys
from stackyard import pipeline, step

@step
def first() -> str:
    return "kept"

@step
def greedy(text: str) -> bytes:
    return b"x" * 60_000_000

@step
def last(data: bytes) -> int:
    return len(data)

@pipeline
def hungry() -> None:
    last(greedy(first()))

if __name__ == "__main__":
    hungry()
"""


@pytest.mark.long
def test_a_disk_that_becomes_full_during_a_run(user: User) -> None:
    user.write("run.py", GREEDY)
    user.write("small.py", SMALL)
    home, python = shlex.quote(str(user.home)), shlex.quote(user.interpreter)
    kept = user.folder / "kept"
    user.home.mkdir()
    script = f"""
    mount -t tmpfs -o size=12m tmpfs {home}
    {python} -m stackyard artifact-store register before -f local
    set +e
    {python} run.py > run.out 2>&1; echo $? > run.code
    {python} -m stackyard run list --json > list.json 2> list.err
    {python} small.py > small.out 2>&1; echo $? > small.code
    dd if=/dev/zero of={home}/filler bs=4k 2> /dev/null
    {python} -m stackyard artifact-store register after -f local > full.out 2>&1; echo $? > full.code
    {python} small.py > full-run.out 2>&1; echo $? > full-run.code
    rm {home}/filler
    {python} -m stackyard artifact-store list --json > stores.json
    {python} small.py > freed.out 2>&1; echo $? > freed.code
    {python} -m stackyard run list --json > list-after.json
    cp -r {home} {shlex.quote(str(kept))}
    """
    result = in_private_mounts(user, script)
    assert result.code == 0, result

    def text(name: str) -> str:
        return (user.folder / name).read_text(encoding="utf-8")

    # The step that needed the room fails and says so; what was done before it stays.
    assert text("run.code").strip() == "1", text("run.out")
    assert "space" in text("run.out").lower()
    assert "bug in Stackyard" not in text("run.out")
    (run,) = json.loads(text("list.json"))["items"]
    assert run["status"] == "failed"
    assert text("small.code").strip() == "0", f"what the failed step wrote was given back: {text('small.out')}"
    # No room for anything: named errors.
    for name, codes in (("full", {"6"}), ("full-run", {"1", "6"})):
        assert text(f"{name}.code").strip() in codes, text(f"{name}.out")
        assert re.search("no space|has room", text(f"{name}.out")), text(f"{name}.out")
        assert "Traceback" not in text(f"{name}.out"), text(f"{name}.out")
    # Room again: all of it is still there, and it goes on.
    names = {item["name"] for item in json.loads(text("stores.json"))["items"]}
    assert names == {"default", "before"}
    assert text("freed.code").strip() == "0", text("freed.out")
    assert "completed" in {item["status"] for item in json.loads(text("list-after.json"))["items"]}
    user.home = kept
    assert statuses(user.runs()[0]) == {"first": "completed", "greedy": "failed", "last": "skipped"}


NOISY = """
import sys
from stackyard import pipeline, step

@step
def noisy() -> int:
    for _ in range(300):
        sys.stdout.write(("x" * 99 + "\\n") * 1000)
    print("the end")
    return 300

@step
def after(number: int) -> bytes:
    return b"y" * number

@pipeline
def loud() -> None:
    after(noisy())

if __name__ == "__main__":
    loud()
"""

BRIM = """
import os
from pathlib import Path
from stackyard import pipeline, step

FOLDER = Path(__file__).parent
HOME = Path(os.environ["STACKYARD_HOME"])

def note(name):
    with (FOLDER / "lines").open("a") as file:
        file.write(name + "\\n")

@step
def first() -> bytes:
    note("first")
    return b"x" * 100_000

@step
def brim(data: bytes) -> int:
    note("brim")
    if not (FOLDER / "room").exists():
        file = os.open(HOME / "filler", os.O_WRONLY | os.O_CREAT)
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    os.write(file, b"z" * size)
            except OSError:
                pass
    return len(data)

@step
def last(size: int) -> int:
    note("last")
    return size * 2

@pipeline(enable_cache=False)
def brimming() -> None:
    last(brim(first()))

if __name__ == "__main__":
    brimming()
"""


@pytest.mark.long
def test_a_run_goes_on_when_there_is_room_again(user: User) -> None:
    """The disk is filled by a log, by an artifact, and to the last byte: not even the catalog can be written then."""
    for name, text in (("noisy.py", NOISY), ("run.py", GREEDY), ("brim.py", BRIM)):
        user.write(name, text)
    home, python = shlex.quote(str(user.home)), shlex.quote(user.interpreter)
    kept = user.folder / "kept"
    user.home.mkdir()
    script = f"""
    mount -t tmpfs -o size=12m tmpfs {home}
    set +e
    {python} noisy.py > noisy.out 2> noisy.err; echo $? > noisy.code
    rm -r {home}/logs
    {python} brim.py > brim.out 2>&1; echo $? > brim.code
    {python} -m stackyard run list --json > brim.json 2> brim.err
    rm {home}/filler; touch room
    {python} -m stackyard run resume brimming-1 > resumed.out 2>&1; echo $? > resumed.code
    {python} run.py > run.out 2>&1; echo $? > run.code
    {python} -m stackyard run resume hungry-1 > again.out 2>&1; echo $? > again.code
    mount -o remount,size=200m {home}
    {python} -m stackyard run resume hungry-1 > hungry.out 2>&1; echo $? > hungry.code
    cp -r {home} {shlex.quote(str(kept))}
    """
    result = in_private_mounts(user, script)
    assert result.code == 0, result

    def text(name: str) -> str:
        return (user.folder / name).read_text(encoding="utf-8")

    assert text("noisy.code").strip() == "0", text("noisy.err")
    assert "the end" in text("noisy.out")
    assert len(re.findall("can't be kept: no space left on device", text("noisy.err"))) == 1, text("noisy.err")

    assert text("brim.code").strip() in {"1", "6"}, text("brim.out")
    assert re.search("no space|is full", text("brim.out").lower()), text("brim.out")
    (listed,) = (item for item in json.loads(text("brim.json"))["items"] if item["pipeline"] == "brimming")
    assert listed["status"] in {"interrupted", "failed"}
    assert text("resumed.code").strip() == "0", text("resumed.out")
    # When brim fills the disk before it is recorded that first is complete, first runs again, too.
    assert text("lines").split() in (["first", "brim", "brim", "last"], ["first", "brim", "first", "brim", "last"])

    for name in ("run", "again"):
        assert text(f"{name}.code").strip() == "1", text(f"{name}.out")
        assert "space" in text(f"{name}.out").lower()
    assert text("hungry.code").strip() == "0", text("hungry.out")
    for name in ("noisy.err", "brim.out", "brim.err", "resumed.out", "run.out", "again.out", "hungry.out"):
        assert "bug in Stackyard" not in text(name), text(name)
        assert "/stackyard/" not in text(name), f"no traceback of ours: {text(name)}"
    user.home = kept
    assert {run.pipeline: run.status for run in user.runs()} == dict.fromkeys(
        ["loud", "brimming", "hungry"], "completed"
    )


def test_a_registry_cut_in_half_is_named_and_mended_by_the_command_that_is_printed(user: User) -> None:
    user.write("run.py", SMALL)
    for name in ("one", "two"):
        user.do("artifact-store", "register", name, "--flavor=local")
    registry = user.home / "registry.json"
    whole = registry.read_bytes()
    registry.write_bytes(whole[: len(whole) // 2])
    half = registry.read_bytes()
    for command in (["stack", "list"], ["artifact-store", "register", "three", "-f", "local"], ["run", "run.py"]):
        result = user.stackyard(*command)
        assert result.code == RegistryDamagedError.exit_code, result
        assert str(registry) in result.err, result
        assert "registry.last-good.json" in result.err, result
    assert user.python("run.py").code == RegistryDamagedError.exit_code
    assert registry.read_bytes() == half, "nothing is changed behind the user's back"
    (mend,) = set(re.findall(r"with: (stackyard .*)", result.err))
    done = user.run("sh", "-c", f"{mend} --yes")
    assert done.code == 0, done
    assert registry.read_bytes() == whole
    (kept,) = user.home.glob("registry.damaged-*.json")
    assert kept.read_bytes() == half
    names = {item["name"] for item in json.loads(user.do("artifact-store", "list", "--json").out)["items"]}
    assert names == {"default", "one", "two"}
