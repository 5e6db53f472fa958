"""Messages between driver and worker, however the bytes arrive and whatever they are."""

from __future__ import annotations

import contextlib
import itertools
import json
import struct
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stackyard.engine.channel import MAX_MESSAGE_BYTES, ChannelError, FrameReader, encode
from stackyard.model.graph import StepSource
from stackyard.model.job import ComponentSpec, Secrets, StepError, StepEvent, StepJob, StepOutcome
from tests.property.strategies import json_values, same

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
