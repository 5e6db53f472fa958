"""What a step prints is in its log and in no other, whichever way it is printed."""

from __future__ import annotations

import pytest

from tests.integration.flood import flood
from tests.integration.user import User, statuses

NOISY = """
import ctypes, logging, os, subprocess, sys, threading
from stackyard import pipeline, step

ROUNDS = 40

@step
def noisy(number: int) -> int:
    me = f"step-{number}"
    log = logging.getLogger("noise")
    for i in range(ROUNDS):
        print(f"{me} print {i}")
        sys.stderr.write(f"{me} stderr {i}\\n")
        log.warning("%s logging %d", me, i)
        os.write(1, f"{me} write {i}\\n".encode())
        sys.stdout.write(f"{me} bar {i}%\\r")
    print()
    os.write(1, b"caf\\xc3")
    os.write(1, b"\\xa9 " + me.encode() + b"\\n")
    os.write(1, me.encode() + b" bad \\xff byte\\n")
    shell = f"for i in 1 2 3; do echo {me} child $i; echo {me} child error $i >&2; done"
    subprocess.run(["sh", "-c", shell], check=True)
    thread = threading.Thread(target=lambda: print(f"{me} thread"))
    thread.start(); thread.join()
    ctypes.CDLL(None).puts(f"{me} libc".encode())
    print(f"{me} no line end", end="")
    return number

@step
def flood() -> int:
    line = "step-flood " + "x" * 88 + "\\n"
    for i in range(1000):
        sys.stdout.write(line * 105)
    return 105_000

@step
def quiet() -> None:
    pass

@pipeline(enable_cache=False)
def noise() -> None:
    for first in (0, 3):  # each worker begins what follows before the driver has read what came before
        one = noisy(first)
        other = noisy(first + 1, after=one)
        noisy(first + 2, after=other)
    quiet(after=noisy(6, after=flood(after=noisy(7))))

if __name__ == "__main__":
    noise()
"""


@pytest.mark.parametrize("method", ["zygote", "spawn"])
def test_logs_are_complete_and_never_mixed(user: User, method: str) -> None:
    user.write("run.py", NOISY)
    result = user.python("run.py", STACKYARD_WORKER_START=method)
    assert result.code == 0, result.text[-2000:]
    run = user.last_run()
    assert set(statuses(run).values()) == {"completed"}
    for step in run.steps:
        lines = user.logs(run, step.name)
        if step.name == "quiet":
            assert lines == []
            continue
        if step.name == "flood":
            assert len(lines) == 105_000
            assert {line.text for line in lines} == {"step-flood " + "x" * 88}
            continue
        out = [line.text for line in lines if line.stream == "stdout"]
        number = next(iter(out)).split()[0]
        strangers = [line.text for line in lines if number not in line.text and line.text]
        assert strangers == []
        assert [t for t in out if " print " in t] == [f"{number} print {i}" for i in range(40)] or all(
            any(f"{number} print {i}" in t for t in out) for i in range(40)
        )
        err = [line.text for line in lines if line.stream == "stderr"]
        assert [t for t in err if " stderr " in t] == [f"{number} stderr {i}" for i in range(40)]
        assert len([t for t in err if "child error" in t]) == 3
        logged = [line for line in lines if line.stream == "log"]
        assert [line.text for line in logged] == [f"noise: {number} logging {i}" for i in range(40)]
        assert {line.level for line in logged} == {"warning"}
        for text in (f"{number} write 39", f"café {number}", f"{number} child 3", f"{number} thread", f"{number} libc"):
            assert any(text in t for t in out), text
        assert f"{number} bad \ufffd byte" in out
        assert any(f"{number} no line end" in t for t in out)


def test_a_flood_is_kept_to_the_last_byte_and_fills_no_memory(user: User) -> None:
    report = flood(user, megabytes=33)
    assert report.peak_mb < 80, "kept on disk, not in memory"
