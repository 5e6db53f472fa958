"""Jobs that a worker is given before they can begin: it goes on with the next step without asking the driver.

A job of a chain names the step run that it comes after, and of its inputs those that are not stored yet by step run and
output. The worker begins it as soon as that step has completed, and says so with the step's outcome; what it was given
is forgotten when the step ended otherwise. Both steps write into the same pipes: a mark lies between their output.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.artifact import Manifest
from stackyard.model.job import InputVersion, StepJob

_STEPS_KEPT = 8
"""Step runs whose outputs a worker remembers: more than are given ahead."""


class JobsAhead:
    """What a worker was given ahead, and what the steps before it stored."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._jobs: list[StepJob] = []
        self._stored: dict[str, dict[str, Manifest]] = {}
        """Step run to output to what was stored, the last ones."""

    def note(self, step_run_id: str, output: str, manifest: Manifest) -> None:
        """Remember what a step stored."""
        if step_run_id not in self._stored:
            while len(self._stored) >= _STEPS_KEPT:
                del self._stored[next(iter(self._stored))]
        self._stored.setdefault(step_run_id, {})[output] = manifest

    def following(self, job: StepJob, messages: Iterable[Mapping[str, Any]]) -> StepJob | None:
        """Return the job that comes after one that has completed, its inputs filled in; None without one.

        Args:
            job: it has completed.
            messages: what the driver said of jobs ahead, in order: ``ahead`` gives one, ``drop`` takes one back.
        """
        for message in messages:
            if "ahead" in message:
                self._jobs.append(StepJob.model_validate(message["ahead"]))
            else:
                left = [n for n, known in enumerate(self._jobs) if known.step_run_id == message["drop"]["step_run_id"]]
                del self._jobs[left[0] if left else len(self._jobs) :]  # the others come after that one
        if not self._jobs or self._jobs[0].after != job.step_run_id:
            self.forget()
            return None
        following = self._jobs.pop(0)
        for name, (step_run_id, output) in following.awaited.items():
            manifest = self._stored.get(step_run_id, {}).get(output)
            if manifest is None:
                self.forget()
                return None
            following.inputs[name] = InputVersion(
                artifact_version_id=manifest.id, uri=manifest.uri, materializer=manifest.materializer,
                digest=manifest.digest,
            )  # fmt: skip
        return following

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
        rest = mark_of(step_run_id)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


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
