"""Steps that print without end: the scenario that a test runs in small and the soak in large."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from stackyard.storage.logs import LONGEST_LINE, LogReader
from tests.integration.user import User, statuses

FLOOD_STEPS = 3
"""Steps that print."""

_PAGE_BYTES = 4 << 20

_FLOOD = """
import hashlib, os, sys
from stackyard import pipeline, step

MEGABYTES = int(sys.argv[1]) if len(sys.argv) > 1 else 0

@step
def lines(megabytes: int) -> str:
    hash = hashlib.sha256()
    for number in range(megabytes * 100):
        text = "".join(f"{number:09} {i:03} {'x' * 91}\\n" for i in range(100))
        hash.update(text.encode())
        sys.stdout.write(text)
    return hash.hexdigest()

@step
def endless(megabytes: int) -> str:
    hash = hashlib.sha256()
    for number in range(megabytes):
        data = (f"{number:08}" + "\\u00e4" * 499_996).encode()
        hash.update(data)
        while data:  # a write may take a part
            data = data[os.write(2, data[:100_000]) :]
    return hash.hexdigest()

@step
def forks(megabytes: int) -> int:
    for child in range(4):
        if os.fork() == 0:
            for number in range(megabytes * 250):  # what is not longer than a page is written at once
                os.write(1 + child % 2, (f"child-{child} {number:08} ".ljust(999, "y") + "\\n").encode())
            os._exit(0)
    for child in range(4):
        assert os.wait()[1] == 0
    return megabytes

@step
def bystander() -> str:
    print("just me")
    return "dry"

@pipeline(enable_cache=False)
def flood() -> None:
    lines(MEGABYTES)
    endless(MEGABYTES)
    forks(MEGABYTES)
    bystander()

if __name__ == "__main__":
    flood()
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    open("peak", "w").write(status["VmHWM"].split()[0])
"""


@dataclass(frozen=True)
class FloodReport:
    """What was seen."""

    megabytes: int
    peak_mb: float
    """The most memory that the driver needed at one time."""


def flood(user: User, megabytes: int) -> FloodReport:
    """Let the steps print so many MB each, and insist that every byte is in the log of its step, and of no other."""
    user.write("flood.py", _FLOOD)
    driver = user.start("sh", "-c", f"exec '{user.interpreter}' flood.py {megabytes} > /dev/null")
    assert driver.wait() == 0, user.started_output[-3000:]
    run = user.last_run()
    assert set(statuses(run).values()) == {"completed"}
    logs = {step.name: LogReader(user.home / "logs" / run.id / f"{step.id}.jsonl", step.name) for step in run.steps}
    wanted = {step.name: _value(user, step.outputs[0].artifact_version_id) for step in run.steps}

    digest, count = hashlib.sha256(), 0
    for lines in _pages(logs["lines"]):
        count += len(lines)
        for line in lines:
            digest.update(f"{line}\n".encode())
    assert (count, digest.hexdigest()) == (megabytes * 10_000, wanted["lines"])

    digest = hashlib.sha256()
    for lines in _pages(logs["endless"]):
        assert all(len(line) <= LONGEST_LINE for line in lines)
        digest.update("".join(lines).encode())
    assert digest.hexdigest() == wanted["endless"]

    numbers = dict.fromkeys((f"child-{child}" for child in range(4)), 0)
    for lines in _pages(logs["forks"]):
        for line in lines:
            child, number, rest = line.split(" ")
            assert (int(number), rest) == (numbers[child], "y" * 982)
            numbers[child] += 1
    assert set(numbers.values()) == {megabytes * 250}

    assert [line for lines in _pages(logs["bystander"]) for line in lines] == ["just me"]
    return FloodReport(megabytes, int((user.folder / "peak").read_text()) / 1024)


def _pages(reader: LogReader) -> Iterator[list[str]]:
    """Read as an editor does: page by page, going on from a cursor."""
    while True:
        yield [line.text for line in reader.read(final=True, max_bytes=_PAGE_BYTES)]
        if reader.at_end:
            return
        reader = LogReader.resume(reader.path, reader.step, reader.token())


def _value(user: User, version_id: str) -> str:
    (manifest,) = (user.home / "artifact_stores").rglob(f"{version_id}/manifest.json")
    (file,) = (path for path in manifest.parent.iterdir() if path != manifest)
    return file.read_text(encoding="utf-8").strip().strip('"')
