"""Jobs that a worker is given before they can begin: it goes on with the next step without asking the driver.

A job of a chain names the step run that it comes after, and of its inputs those that are not stored yet by step run and
output. The worker begins it as soon as that step has completed, and says so with the step's outcome; what it was given
is forgotten when the step ended otherwise. Both steps write into the same pipes: a mark lies between their output.
"""

from __future__ import annotations

import codecs
import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stackyard.model.job import InputVersion, StepJob

if TYPE_CHECKING:
    from stackyard.model.artifact import Manifest

StoredOutput = Callable[[str, str], "Manifest | None"]
"""Takes a step run and one of its outputs; returns what this process stored as that, if it still knows."""


class JobsAhead:
    """What a worker was given ahead."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._jobs: list[StepJob] = []

    def following(self, job: StepJob, messages: Iterable[Mapping[str, Any]], stored: StoredOutput) -> StepJob | None:
        """Return the job that comes after one that has completed, its inputs filled in; None without one.

        Args:
            job: it has completed.
            messages: what the driver said of jobs ahead, in order: ``ahead`` gives one, ``drop`` takes one back.
            stored: tells what the steps before stored.
        """
        for message in messages:
            if "ahead" in message:
                self._jobs.append(StepJob.model_validate(message["ahead"]))
            else:
                self._drop(message["drop"]["step_run_id"])
        if not self._jobs or self._jobs[0].after != job.step_run_id:
            self.forget()
            return None
        following = self._jobs.pop(0)
        for name, (step_run_id, output) in following.awaited.items():
            manifest = stored(step_run_id, output)
            if manifest is None:
                self.forget()
                return None
            following.inputs[name] = InputVersion(
                artifact_version_id=manifest.id, uri=manifest.uri, materializer=manifest.materializer,
                digest=manifest.digest,
            )  # fmt: skip
        return following

    def _drop(self, step_run_id: str) -> None:
        """Forget a job and those behind it, which come after it."""
        self._jobs = list(itertools.takewhile(lambda job: job.step_run_id != step_run_id, self._jobs))

    def forget(self) -> None:
        """Forget what was given: the step before it did not complete, or left something that goes on."""
        self._jobs.clear()


def mark_of(step_run_id: str) -> bytes:
    """Return what lies in a worker's pipes before the output of a step that it was given ahead.

    Its first byte is nowhere else in it: whatever was printed before, it is found where it begins.
    """
    return b"\0\x1e" + step_run_id.encode("ascii") + b"\x1e"


def write_mark(descriptors: Iterable[int], step_run_id: str) -> None:
    """Write the mark into a worker's pipes.

    Raises:
        OSError: the driver is gone.
    """
    for descriptor in descriptors:
        os.write(descriptor, mark_of(step_run_id))  # all of it: pipes take so few bytes as a whole, or wait


class PrintedStream:
    """What comes through one of a worker's pipes, cut at the mark of the step that may follow, as text."""

    def __init__(self) -> None:
        """Start with a step that has printed nothing."""
        self._decoder = _decoder()
        self._held = b""
        """What may be the beginning of a mark."""
        self._after: bytes | None = None
        """What came after the mark; None before it."""

    def feed(self, data: bytes, following: str = "") -> str:
        """Take what was read; return what the running step printed of it.

        Args:
            data: bytes from the pipe.
            following: the step run that may come next; empty: none.
        """
        if self._after is not None:
            self._after += data
            return ""
        if following:
            data = self._cut(self._held + data, mark_of(following))
        return self._decoder.decode(data)

    def end(self) -> str:
        """Return the rest of what the running step printed; it has ended."""
        held, self._held = self._held, b""
        return self._decoder.decode(held, final=True)

    def begin(self) -> bytes:
        """Let another step run; return what came of it already, to be fed."""
        self._decoder = _decoder()
        after, self._held, self._after = self._after, b"", None
        return after or b""

    def _cut(self, data: bytes, mark: bytes) -> bytes:
        place = data.find(mark)
        if place >= 0:
            self._held, self._after = b"", data[place + len(mark) :]
            return data[:place]
        longest = min(len(data), len(mark) - 1)
        n_held = next((n for n in range(longest, 0, -1) if data.endswith(mark[:n])), 0)
        self._held = data[len(data) - n_held :]
        return data[: len(data) - n_held]


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("surrogateescape")
