"""Artifact versions that are not what was written: each named, taken for missing by the cache, and computed anew."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.integration.user import User, statuses, wait_for

STEPS = 14
PIPELINE = f"""
    from stackyard import pipeline, step


    @step
    def make(n: int) -> list[int]:
        return list(range(n, n + 100))


    @step
    def read(values: list[int]) -> int:
        return sum(values)


    @pipeline
    def work() -> None:
        for n in range({STEPS}):
            read.with_options(name=f"read_{{n}}")(make.with_options(name=f"make_{{n}}")(n))
"""


def _edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def _quietly(path: Path, data: bytes) -> None:
    """Change bytes as a failing disk does: inode, size and mtime stay."""
    stat = path.stat()
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _to_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _to_link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def _with_format(data: bytes, version: str) -> bytes:
    return json.dumps({**json.loads(data), "format": version, "future": {"keys": [1]}}).encode()


# what becomes of a version: the damage, its status, what is said, what helps.
TABLE: list[tuple[str, Callable[[Path], object], str, str, str]] = [
    ("other bytes", lambda v: _edit(v / "data.json", lambda d: d[:-2] + b"8]"), "damaged", "is damaged", "Run the"),
    ("cut file", lambda v: _edit(v / "data.json", lambda d: d[:-1]), "damaged", "is damaged", "Run the step again"),
    ("no file", lambda v: (v / "data.json").unlink(), "damaged", "data.json of an artifact version is missing", "Run"),
    ("cut manifest", lambda v: _edit(v / "manifest.json", lambda d: d[:-30]), "damaged", "is not a manifest", "Run"),
    ("empty manifest", lambda v: _edit(v / "manifest.json", lambda _: b""), "damaged", "it is empty", "Run the step"),
    ("no manifest", lambda v: (v / "manifest.json").unlink(), "missing", "has no manifest", "Run the step again"),
    (
        "newer major",
        lambda v: _edit(v / "manifest.json", lambda d: _with_format(d, "9.0")),
        "damaged",
        "9.0",
        "Upgrade",
    ),
    ("other schema", lambda v: _edit(v / "manifest.json", lambda _: b'{"format":"9.1"}'), "damaged", "9.1", "Upgrade"),
    ("no folder", shutil.rmtree, "missing", "has no manifest", "Run the step again"),
    ("file is a folder", lambda v: _to_folder(v / "data.json"), "damaged", "is a folder now", "Run the step again"),
    ("link to nothing", lambda v: _to_link(v / "data.json", v / "none"), "damaged", "is missing", "Run the step again"),
    ("link to itself", lambda v: _to_link(v / "data.json", v / "data.json"), "damaged", "can't be read", "permissions"),
]
UNREAD = {"other bytes": "available", "newer major": "available", "other schema": "available"}
"""What lists say of a version of which nothing but its files' sizes was looked at."""
HARMLESS: list[tuple[str, Callable[[Path], object]]] = [
    ("newer minor", lambda v: _edit(v / "manifest.json", lambda d: _with_format(d, "1.9"))),
    ("more files", lambda v: (v / "notes.txt").write_text("mine")),
]


def test_damage_is_named_and_computed_anew_and_the_rest_is_reused(user: User) -> None:
    """Given each kind of damage to one of fourteen versions, lists, descriptions, verify, cache and loading agree."""
    assert len(TABLE) + len(HARMLESS) == STEPS
    user.write("run.py", PIPELINE)
    user.do("run", "run.py")
    uris = {
        item["name"].split("::")[1]: Path(item["uri"])
        for item in json.loads(user.do("artifact", "versions", "--json", "--limit", "100").out)["items"]
    }
    for n, (_, damage, *_) in enumerate(TABLE):
        damage(uris[f"make_{n}"])
    for n, (_, change) in enumerate(HARMLESS, len(TABLE)):
        change(uris[f"make_{n}"])

    def states(*words: str) -> dict[str, str]:
        items = json.loads(user.do("artifact", "versions", "--json", "--limit", "100", *words).out)["items"]
        return {item["name"].split("::")[1]: item["status"] for item in items}

    before = states()
    assert [before[f"make_{n}"] for n in range(STEPS)] == [
        *(UNREAD.get(kind, status) for kind, _, status, *_ in TABLE), *["available"] * len(HARMLESS)
    ]  # fmt: skip
    verified = user.stackyard("artifact", "verify", "--all", "--json")
    assert verified.code == 1, verified
    report = json.loads(verified.out)
    assert (report["checked"], report["total"], report["complete"]) == (2 * STEPS, 2 * STEPS, True)
    damaged = {item["name"].split("::")[1]: item for item in report["damaged"]}
    assert set(damaged) == {f"make_{n}" for n in range(len(TABLE))}
    for n, (kind, _, status, problem, hint) in enumerate(TABLE):
        found = damaged[f"make_{n}"]
        assert found["status"] == status, kind
        assert problem in found["problem"], (kind, found)
        assert hint in found["hint"], (kind, found)
        if n % 4 == 0:  # the other ways to look at it, for some
            shown = json.loads(user.do("artifact", "show", f"work::make_{n}::output", "--json").out)
            assert shown["status"] == status, kind
            assert problem in shown["problem"], kind
    for status in ("damaged", "missing"):
        assert set(states("--status", status)) == {f"make_{n}" for n, row in enumerate(TABLE) if row[2] == status}
    text = user.stackyard("artifact", "verify", "work::make_1::output")
    assert (text.code, "1 damaged" in text.out, "Run the step again" in text.out) == (1, True, True), text
    loaded = user.python(
        "-c", "from stackyard import Client; Client().get_artifact_version('work::make_1::output').load()"
    )
    assert loaded.code == 1
    assert "ArtifactDamagedError" in loaded.err

    user.do("run", "run.py")
    run = user.last_run()
    again = {f"make_{n}" for n in range(len(TABLE))}
    assert {name for name, status in statuses(run).items() if status == "completed"} == again
    assert {name for name, status in statuses(run).items() if status == "cached"} == set(statuses(run)) - again
    reasons = {step.name: step.cache for step in run.steps}
    for n, (kind, _, _, problem, _) in enumerate(TABLE):
        cache = reasons[f"make_{n}"]
        assert cache is not None
        assert cache.reason == "artifact_missing", kind
        assert problem in cache.detail, (kind, cache.detail)
    newest = user.stackyard("artifact", "verify", "work::make_0::output", "--version", "2")
    assert newest.code == 0, newest
    assert "1 version read" in newest.out
    user.do("run", "run.py")
    assert set(statuses(user.last_run()).values()) == {"cached"}


def test_bytes_that_changed_quietly_are_found_by_verify_alone(user: User) -> None:
    """Given a file whose inode, size and mtime are as written, only reading every byte tells, and the cache knows then.

    Mending it helps.
    """
    user.write("run.py", PIPELINE)
    user.do("run", "run.py")
    uri = Path(json.loads(user.do("artifact", "show", "work::make_0::output", "--json").out)["uri"])
    before = (uri / "data.json").read_bytes()
    _quietly(uri / "data.json", before.replace(b"99", b"98"))
    user.do("run", "run.py")
    assert set(statuses(user.last_run()).values()) == {"cached"}
    assert user.stackyard("artifact", "verify", "--store", "default").code == 1
    damaged = user.do("artifact", "versions", "--status", "damaged", "--columns", "name").out
    assert damaged.split() == ["NAME", "work::make_0::output"]
    user.do("run", "run.py")
    assert {name for name, status in statuses(user.last_run()).items() if status == "completed"} == {"make_0"}
    _quietly(uri / "data.json", before)
    assert "29 versions read" in user.do("artifact", "verify", "--store", "default").out
    assert "No artifact version fits" in user.do("artifact", "versions", "--status", "damaged").err
    for words, code in (
        ("verify", 2),
        ("verify x --all", 2),
        ("verify --version 1 --all", 2),
        ("verify nothing", 4),
        ("verify --store nothing", 4),
    ):
        assert user.stackyard("artifact", *words.split()).code == code, words


def test_ctrl_c_ends_verify_with_what_was_found(user: User) -> None:
    """Given a long verification, Ctrl-C ends it within moments, and what was read so far is told."""
    user.write(
        "run.py",
        """
        from stackyard import pipeline, step

        @step
        def big(n: int) -> bytes:
            return bytes([n]) * 1_000

        @pipeline
        def work() -> None:
            for n in range(4):
                big.with_options(name=f"big_{n}")(n)
        """,
    )
    user.do("run", "run.py")
    manifests = list(user.home.rglob("manifest.json"))
    assert len(manifests) == 4
    for manifest in manifests:
        document = json.loads(manifest.read_bytes())
        (file,) = document["files"]
        file["size_bytes"] = 200_000_000_000  # takes no room, and long to read
        os.truncate(manifest.parent / file["path"], file["size_bytes"])
        manifest.write_text(json.dumps(document))
    process = user.start(user.interpreter, "-m", "stackyard", "artifact", "verify", "--all", start_new_session=True)
    try:
        wait_for(lambda: _reads(process.pid), 180, "it reads")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(180) == 130
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Interrupted: 0 of 4 versions read" in user.started_output


def _reads(pid: int) -> bool:
    """Tell whether a process has a large file open."""
    done = subprocess.run(["ls", "-l", f"/proc/{pid}/fd"], capture_output=True, text=True, check=False)
    return "/artifacts/" in done.stdout
