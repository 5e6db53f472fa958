"""What a step prints comes back exactly, in whatever pieces it was written and read."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard.storage.logs import LONGEST_LINE, LogReader, StepLog, decode_cursor, encode_cursor
from tests.property.strategies import any_text, json_values

output = st.binary(max_size=40) | st.sampled_from(
    [b"a\n", b"\r", b"10%\r20%\r", b"\r\n", b"\xe2\x82", b"\xff\n", b"\n\n", b"x\r\ry"]
)
pieces = st.lists(st.tuples(st.sampled_from(["stdout", "stderr"]), output), max_size=12)


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="surrogateescape")


def _shown(line: str) -> str:
    """Return what a terminal would show of a line: after the last carriage return that something follows."""
    kept = line.rstrip("\r").split("\r")[-1]
    return kept.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")


def _lines(data: bytes) -> list[str]:
    *ended, rest = _decoded(data).split("\n")
    return [_shown(line) for line in [*ended, *([rest] if rest else [])]]


def _file(folder: object) -> Path:
    return Path(str(folder)) / "step.jsonl"


class _Writer:
    """Writes as the driver does: bytes through one decoder a stream."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.log = StepLog(path)
        self.decoders = {s: codecs.getincrementaldecoder("utf-8")("surrogateescape") for s in ("stdout", "stderr")}

    def write(self, stream: str, data: bytes, *, final: bool = False) -> None:
        text = self.decoders[stream].decode(data, final=final)
        if text:
            self.log.write(stream, text)

    def close(self) -> None:
        for stream in self.decoders:
            self.write(stream, b"", final=True)
        self.log.close()


@given(written=pieces, look=st.lists(st.booleans(), max_size=12))
def test_every_line_of_each_stream_comes_once_and_in_order(
    tmp_path_factory: object, written: list[tuple[str, bytes]], look: list[bool]
) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    writer = _Writer(path)
    reader = LogReader(path, "s")
    found = []
    for i, (stream, data) in enumerate(written):
        writer.write(stream, data)
        if i < len(look) and look[i]:
            found += reader.read(final=False)
            # A reader goes on from a cursor that went to the editor and back.
            token = decode_cursor(encode_cursor({"s": reader.token()}))["s"]
            reader = LogReader.resume(path, "s", token)
    writer.close()
    found += reader.read(final=True)
    assert reader.read(final=True) == []
    for stream in ("stdout", "stderr"):
        whole = b"".join(data for name, data in written if name == stream)
        assert [line.text for line in found if line.stream == stream] == _lines(whole)
    for line in found:
        line.text.encode()  # what is shown can be sent to an editor


@given(written=pieces)
def test_the_file_holds_every_byte(tmp_path_factory: object, written: list[tuple[str, bytes]]) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    writer = _Writer(path)
    for stream, data in written:
        writer.write(stream, data)
    writer.close()
    entries = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    for stream in ("stdout", "stderr"):
        whole = "".join(entry["data"] for entry in entries if entry["stream"] == stream)
        assert whole.encode("utf-8", errors="surrogateescape") == b"".join(d for s, d in written if s == stream)


@given(size=st.integers(1, 3 * LONGEST_LINE), step=st.integers(1000, 50_000), bar=st.booleans())
@settings(max_examples=10)
def test_a_line_without_end_comes_in_pieces_and_needs_no_more_room_than_one(
    tmp_path_factory: object, size: int, step: int, bar: bool
) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    writer = _Writer(path)
    reader = LogReader(path, "s")
    found = []
    whole = ("".join(f"\r{i:6}%" for i in range(size // 8)) if bar else "0123456789" * (size // 10)).encode()
    for start in range(0, len(whole), step):
        writer.write("stdout", whole[start : start + step])
        found += reader.read(final=False)
        assert len(json.dumps(reader.token())) < 2 * LONGEST_LINE
        reader = LogReader.resume(path, "s", reader.token())
    writer.close()
    texts = [line.text for line in found + reader.read(final=True)]
    if bar:
        assert texts == ([f"{size // 8 - 1:6}%"] if size >= 8 else [])
    else:
        assert "".join(texts).encode() == whole
        assert all(len(text) == LONGEST_LINE for text in texts[:-1])


@given(st.lists(st.binary(max_size=30) | json_values().map(lambda value: json.dumps(value).encode()), max_size=8))
def test_whatever_is_in_a_damaged_log_its_entries_are_read(tmp_path_factory: object, garbage: list[bytes]) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    path.write_bytes(b"")
    for number, junk in enumerate(garbage):
        with path.open("ab") as file:  # without a line end, as a killed driver leaves it
            file.write(junk.replace(b"\n", b"").replace(b"\r", b""))
        log = StepLog(path)
        log.write("log", f"entry {number}")
        log.close()
    texts = [line.text for line in LogReader(path, "s").read(final=True)]
    assert [text for text in texts if text.startswith("entry ")] == [f"entry {n}" for n in range(len(garbage))]


@given(json_values())
def test_a_token_that_is_none_means_the_beginning_or_nothing(tmp_path_factory: object, token: Any) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    LogReader.resume(path, "s", token).read(final=True)


@given(texts=st.lists(any_text, max_size=5), torn=st.integers(0, 60))
def test_a_torn_last_line_of_a_killed_driver_does_not_disturb_the_others(
    tmp_path_factory: object, texts: list[str], torn: int
) -> None:
    path = _file(tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]
    path.unlink(missing_ok=True)
    log = StepLog(path)
    for text in texts:
        log.write("log", text.encode("utf-8", errors="backslashreplace").decode(), level="info")
    log.write("log", "the last one", level="info")
    log.close()
    data = path.read_bytes()
    size = len(data.splitlines()[-1])
    path.write_bytes(data[: len(data) - 1 - torn % size])
    lines = LogReader(path, "s").read(final=True)
    kept = [line.text for line in lines]
    assert kept == [
        _shown(line) for text in texts for line in text.encode("utf-8", "backslashreplace").decode().split("\n")
    ]


@given(any_text | json_values().map(json.dumps))
def test_a_text_that_is_no_cursor_means_the_beginning(text: str) -> None:
    cursor = text.encode("utf-8", errors="replace").decode()
    assert isinstance(decode_cursor(cursor), dict)
