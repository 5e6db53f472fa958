"""Steps that the contract of orchestrators executes: ordinary ones, and ones that misbehave."""

from __future__ import annotations

import builtins
import hashlib
import io
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from stackyard import get_step_context, log_metadata
from stackyard.model.errors import ArtifactNotFoundError, UsageError


def everything(word: str, n: int) -> tuple[list[str], int]:
    print("first", word)
    sys.stderr.write("zweite Zeile: ä ✓\n")
    log_metadata({"größe": n})
    logging.getLogger("steps").warning("careful")
    context = get_step_context()
    context.add_output_metadata({"unit": "m"}, "words")
    context.add_output_tags(["fresh"], "words")
    print(os.environ["OWN"], os.environ["TOKEN"] == "hunter2-secret", context.attempt, context.tags, context.extra)
    print(Path.cwd().name)
    print("last, without a line end", end="")
    return [word] * n, n


def asks() -> list[Any]:
    context = get_step_context()
    found: list[Any] = [context.ask("double", {"n": n}) for n in (1, 2)]
    others: list[int] = []

    def ask(n: int) -> None:
        others.append(context.ask("double", {"n": n}))

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(10, 18)]
    for thread in threads[: 8 if context.extra["threads"] else 0]:
        thread.start()
    for thread in threads[: 8 if context.extra["threads"] else 0]:
        thread.join(180)
    try:
        context.ask("missing", {})
    except ArtifactNotFoundError as error:
        found += [error.message, error.hint]
    return [*found, sorted(others)]


def asks_once(ready: str) -> Any:
    Path(ready).touch()
    return get_step_context().ask("double", {"n": 1})


def counts(x: int, until: str = "") -> int:
    """Return the next number, once a file is there."""
    sys.stdout.write(f"{x} is ")
    sys.stdout.flush()
    deadline = time.monotonic() + 180
    while until and not Path(until).exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    subprocess.run(["sh", "-c", f"echo counted; echo {x} >&2"], check=True)
    os.write(1, "größe".encode()[:3])
    return x + 1


def fails() -> None:
    print("before")
    raise ValueError("no such größe")


def leaves() -> None:
    sys.exit(3)


def crashes() -> None:
    print("going", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def gives_up() -> None:
    os._exit(7)


def waits(ready: str) -> None:
    try:
        Path(ready).touch()
        time.sleep(600)
    finally:
        print("cleaned up")


def waits_a_moment(ready: str) -> None:
    Path(ready).touch()


def stays(ready: str, child: str) -> None:
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(child).write_text(str(started.pid))
    Path(ready).touch()
    while True:
        try:
            time.sleep(600)
        except BaseException as error:  # noqa: BLE001  # what a stubborn step does
            print("not now:", type(error).__name__, flush=True)


def floods(megabytes: int) -> str:
    digest = hashlib.sha256()
    for number in range(megabytes * 16):
        block = f"{number:06d} ".encode() * 9362 + b"\n"
        digest.update(block)
        sys.stdout.flush()
        sys.stdout.buffer.write(block)
        sys.stderr.write("e" * 1000)
    sys.stdout.buffer.flush()
    return digest.hexdigest()


def misbehaves() -> int:
    """Change what the next step must find as it was."""
    os.environ["LEAKED"] = "yes"
    os.chdir("/")
    sys.argv.append("leaked")
    logging.getLogger().handlers.clear()
    logging.getLogger().addHandler(logging.NullHandler())
    print("before it is gone")
    sys.stdout = io.StringIO()
    sys.stderr = None
    return 1


def closes_descriptors() -> int:
    print("still here", flush=True)
    os.close(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdout.close()
    return 1


def waits_for_no_reader() -> int:
    os.set_blocking(1, False)
    os.set_blocking(2, False)
    return 1


def looks() -> list[Any]:
    print("seen")
    sys.stderr.write("seen, too\n")
    logging.getLogger("looks").info("seen by logging")
    return [os.environ.get("LEAKED"), "leaked" in sys.argv[1:] and len(sys.argv) > 10, Path.cwd().name]


def thread_fails() -> int:
    thread = threading.Thread(target=[].pop)
    thread.start()
    thread.join()
    return 1


def goes_on_printing(until: str) -> int:
    def tick() -> None:
        for _ in range(6000):
            print("late", flush=True)
            time.sleep(0.01)
            if Path(until).exists():
                return

    threading.Thread(target=tick, daemon=True).start()
    return 1


def answers_late(until: str) -> int:
    Path(until).touch()
    return builtins.len(until)


def _child(n: int) -> str:
    print("child", n, flush=True)
    logging.getLogger("child").info("of %d", n)
    refused: list[str] = []
    for say in (lambda: log_metadata({"n": n}), lambda: get_step_context().ask("double", {"n": n})):
        try:
            say()
        except UsageError as error:
            refused.append(error.message)
    return " ".join(refused)


def forks() -> list[Any]:
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        said = pool.map(_child, [1, 2])
    codes: list[int | None] = []
    for _ in range(5):
        process = context.Process(target=time.sleep, args=(600,))
        process.start()
        process.terminate()
        process.join()
        codes.append(process.exitcode)
    return [said[0], codes]


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __reduce__(self) -> Any:
        raise TypeError("no pickle")


def unprintable() -> None:
    raise Unprintable


def too_deep(n: int = 0) -> int:
    return too_deep(n + 1)
