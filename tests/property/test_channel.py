"""Messages between driver and worker, however the bytes arrive and whatever they are."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import struct
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.engine.ahead import PrintedStream, mark_of
from stackyard.engine.channel import MAX_MESSAGE_BYTES, ChannelError, FrameReader, WorkerChannel, encode
from stackyard.model.graph import StepSource
from stackyard.model.job import (
    ComponentSpec,
    Secrets,
    StepError,
    StepEvent,
    StepJob,
    StepOutcome,
    StepReply,
    StepRequest,
)
from tests.property.strategies import json_values, same

idle = contextlib.nullcontext
printable = st.text(st.characters(codec="utf-8"), max_size=20)
values = json_values(st.none() | st.booleans() | st.integers() | st.floats() | printable, printable)


def _pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


def _read(pieces: Iterable[bytes]) -> list[dict[str, Any]]:
    reader = FrameReader()
    return [message for piece in pieces for message in reader.feed(piece)]


def _frame(message: Any) -> bytes:
    data = json.dumps(message).encode()
    return struct.pack(">I", len(data)) + data


events = st.builds(
    StepEvent,
    kind=st.sampled_from(["log", "metadata", "started"]),
    step_run_id=printable,
    at=st.just("2026-11-21T10:00:00.123Z"),
    text=printable,
    values=st.dictionaries(
        printable, json_values(st.none() | st.booleans() | st.integers() | printable, printable), max_size=3
    ),
)


@given(st.lists(events, max_size=5), st.lists(st.integers(0), max_size=12))
def test_events_arrive_in_order_and_whole_however_the_bytes_are_cut(sent: list[StepEvent], cuts: list[int]) -> None:
    data = b"".join(encode("event", event) for event in sent)
    assert [StepEvent.model_validate(m["event"]) for m in _read(_pieces(data, cuts))] == sent


@given(st.dictionaries(printable, values, max_size=4))
@example({"name of a file": "\udcff", "\ud800": [1]})
def test_a_job_carries_parameters_exactly(parameters: dict[str, Any]) -> None:
    """NaN, infinity, -0.0 and large integers as well: what a step gets is what was recorded."""
    job = StepJob(
        run_id="r", run_name="r-1", step_run_id="s", step_name="s", pipeline_name="p", project_id="x",
        stack_name="default", source=StepSource(module="m", qualname="q"), parameters=parameters,
        artifact_store=ComponentSpec(component_id="c", name="default", flavor="local"),
    )  # fmt: skip
    (message,) = _read([encode("job", job)])
    assert same(StepJob.model_validate(message["job"]).parameters, parameters)


@given(st.dictionaries(printable, st.dictionaries(printable, st.text(), max_size=3), max_size=3))
def test_secrets_travel_exactly_and_are_not_in_their_representation(found: dict[str, dict[str, str]]) -> None:
    (message,) = _read([encode("secrets", Secrets(values=found))])
    received = Secrets.model_validate(message["secrets"])
    assert received.values == found
    assert repr(received) == "Secrets()"


@given(printable, printable)
def test_an_outcome_carries_its_error(text: str, trace: str) -> None:
    error = StepError(type="ValueError", message=text, traceback=trace, file="a.py", line=3)
    outcome = StepOutcome(step_run_id="s", status="failed", error=error)
    (message,) = _read([encode("outcome", outcome)])
    assert StepOutcome.model_validate(message["outcome"]) == outcome


@given(st.lists(st.dictionaries(printable, values, max_size=3), max_size=4), st.binary(max_size=60), st.integers(0))
def test_garbage_after_messages_is_refused_and_the_messages_before_it_are_kept(
    sent: list[dict[str, Any]], garbage: bytes, cut: int
) -> None:
    data = b"".join(_frame(message) for message in sent) + garbage
    reader = FrameReader()
    found: list[dict[str, Any]] = []
    with contextlib.suppress(ChannelError):
        for piece in _pieces(data, [cut]):
            for message in reader.feed(piece):
                found.append(message)  # noqa: PERF402  # what was yielded before the error is what counts
    assert len(found) >= len(sent)
    assert all(same(a, b) for a, b in zip(found, sent, strict=False))


@given(st.integers(MAX_MESSAGE_BYTES + 1, 2**32 - 1))
def test_an_impossible_length_is_refused_at_once(length: int) -> None:
    with pytest.raises(ChannelError):
        list(FrameReader().feed(struct.pack(">I", length)))


@pytest.mark.parametrize("text", [b"[1]", b"5", b"null", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_frame_that_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(ChannelError):
        list(FrameReader().feed(struct.pack(">I", len(text)) + text))


def _worker_channel() -> tuple[WorkerChannel, socket.socket]:
    ours, theirs = socket.socketpair()
    return WorkerChannel(ours), theirs


@given(st.permutations(range(1, 6)), st.lists(st.integers(0), max_size=12), st.lists(st.integers(-9, 99), max_size=4))
def test_each_reply_reaches_who_asked_for_it_in_whatever_order_and_pieces(
    order: list[int], cuts: list[int], strangers: list[int]
) -> None:
    """Five threads ask at once; replies to nobody's question, and a job in between, disturb none of them."""
    channel, driver = _worker_channel()
    got: dict[int, Any] = {}

    def ask(n: int) -> None:
        reply = channel.ask(
            lambda number: StepRequest(id=number, step_run_id="s", method="m", arguments={"n": n}), idle
        )
        got[n] = reply["value"]

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 6)]
    for thread in threads:
        thread.start()
    reader = FrameReader()
    asked: dict[int, int] = {}
    while len(asked) < 5:
        asked.update({m["request"]["arguments"]["n"]: m["request"]["id"] for m in reader.feed(driver.recv(1 << 16))})
    job = {"job": {"not": "looked at"}}
    frames = [encode("reply", StepReply(id=number + 100, value="a stranger's")) for number in strangers]
    frames += [_frame({"reply": "no reply"}), _frame(job)]
    frames += [encode("reply", StepReply(id=asked[n], value=n * 2)) for n in order]
    for piece in _pieces(b"".join(frames), cuts):
        driver.sendall(piece)
    for thread in threads:
        thread.join(60)
    assert got == {n: n * 2 for n in range(1, 6)}
    assert channel.receive("job") == job
    driver.close()
    assert channel.receive("job") is None


@given(st.binary(max_size=64))
@example(struct.pack(">I", MAX_MESSAGE_BYTES + 1))
@example(b"")
def test_whatever_comes_in_place_of_a_reply_who_asked_does_not_wait_for_ever(garbage: bytes) -> None:
    """The driver is gone, or something else writes: the worker ends, and with it the question."""
    channel, driver = _worker_channel()
    driver.sendall(garbage)
    driver.shutdown(socket.SHUT_WR)
    with pytest.raises(ChannelError):
        channel.ask(lambda number: StepRequest(id=number, step_run_id="s", method="m"), idle)
    assert channel.receive("job") is None
    driver.close()


def test_a_forked_process_is_cut_off_from_the_channel() -> None:
    channel, driver = _worker_channel()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            channel.send("retire")
        except ChannelError:
            os.write(write, b"refused")
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    assert os.read(read, 100) == b"refused"
    os.close(read)
    channel.send("retire")
    (message,) = FrameReader().feed(driver.recv(1 << 16))
    assert message == {"retire": True}
    driver.close()


outputs = st.lists(st.binary(max_size=40) | st.just(mark_of("step-1")[:7]), max_size=4).map(b"".join)


@given(outputs, outputs, outputs, st.lists(st.integers(min_value=0), max_size=12))
@example(mark_of("step-2")[:-1], mark_of("step-3")[1:], "größe".encode()[:3], [1, 30])
def test_what_steps_in_a_row_print_is_told_apart(first: bytes, second: bytes, third: bytes, cuts: list[int]) -> None:
    """Given the output of three steps in one pipe, however it is cut, then each has its own, and nothing is lost."""
    stream, texts, rest = PrintedStream(), [], first + mark_of("step-2") + second + mark_of("step-3") + third
    for following in ("step-2", "step-3"):
        pieces = _pieces(rest, cuts)
        texts.append("".join(stream.feed(piece, following) for piece in pieces) + stream.end())
        rest = stream.begin()
    texts.append("".join(stream.feed(piece) for piece in _pieces(rest, cuts)) + stream.end())
    assert [text.encode("utf-8", "surrogateescape") for text in texts] == [first, second, third]


@given(outputs, st.lists(st.integers(min_value=0), max_size=12))
def test_what_looks_like_the_beginning_of_a_mark_is_not_lost(printed: bytes, cuts: list[int]) -> None:
    """Given a step that nothing follows in the end, then all that it printed is its own."""
    stream, text = PrintedStream(), ""
    for piece in _pieces(printed + mark_of("step-2")[:-1], cuts):
        text += stream.feed(piece, "step-2")
    assert (text + stream.end()).encode("utf-8", "surrogateescape") == printed + mark_of("step-2")[:-1]
    assert stream.begin() == b""
