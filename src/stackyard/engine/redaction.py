"""Masking a run's secrets in what comes from its workers, before anything of it is written or shown."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO, TypeVar, cast

from stackyard.engine.executor import ExecutorEvent, LogData
from stackyard.model.errors import ExecutionError, StackyardError
from stackyard.model.job import StepError, StepEvent, StepOutcome

if TYPE_CHECKING:
    import logging

    from stackyard.model.redaction import RedactedStream, Redactor

STREAMS = ("stdout", "stderr")
_Error = TypeVar("_Error", bound=BaseException)


class EventRedaction:
    """Masks secrets in the events of a run; what a step prints is a stream, in which a secret may come in pieces."""

    def __init__(self, redactor: Redactor) -> None:
        """Start with nothing printed."""
        self._redactor = redactor
        self._streams: dict[tuple[str, str], RedactedStream] = {}

    def use(self, redactor: Redactor) -> None:
        """Mask more from now on; what was held back of steps that run stays as it is."""
        self._redactor = redactor

    def clean(self, events: Iterable[ExecutorEvent]) -> list[ExecutorEvent]:
        """Return events with secrets masked; what was held back of a step's output comes before its outcome."""
        cleaned: list[ExecutorEvent] = []
        for event in events:
            if isinstance(event, LogData):
                key = (event.step_run_id, event.stream)
                stream = self._streams.setdefault(key, self._redactor.stream())
                cleaned.extend(_log(*key, stream.feed(event.data)))
            elif isinstance(event, StepEvent):
                cleaned.append(self._event(event))
            else:
                for name in STREAMS:
                    ended = self._streams.pop((event.step_run_id, name), None)
                    if ended is not None:
                        cleaned.extend(_log(event.step_run_id, name, ended.flush()))
                cleaned.append(self._outcome(event))
        return cleaned

    def _event(self, event: StepEvent) -> StepEvent:
        if event.kind == "log":
            return event.model_copy(update={"text": self._redactor.clean(event.text)})
        if event.kind == "metadata":
            return event.model_copy(update={"values": self._redactor.clean_value(event.values)})
        return event

    def _outcome(self, outcome: StepOutcome) -> StepOutcome:
        if outcome.error is None:
            return outcome
        return outcome.model_copy(update={"error": clean_step_error(outcome.error, self._redactor)})


def clean_step_error(error: StepError, redactor: Redactor) -> StepError:
    """Return why a step failed with secrets masked."""
    texts = {name: redactor.clean(getattr(error, name)) for name in ("type", "message", "traceback", "hint")}
    return error.model_copy(update=texts)


def clean_error(error: _Error, redactor: Redactor | None) -> _Error | StackyardError:
    """Return an error of the driver without secrets: itself, its texts masked, or one of ours in its place."""
    if redactor is None:
        return error
    if isinstance(error, StackyardError):
        error.message, error.hint = redactor.clean(error.message), redactor.clean(error.hint)
        error.args = (error.message,)
        error.details = redactor.clean_value(error.details)
        error.__cause__ = error.__context__ = None
        return error
    told = "".join(traceback.format_exception(error))
    if redactor.clean(told) == told:
        return error
    return ExecutionError(
        f"The run ended by an error: {type(error).__name__}: {redactor.clean(str(error))}",
        hint="Secrets are masked in this message.",
    )


@contextlib.contextmanager
def masked_output(redactor: Redactor | None) -> Iterator[None]:
    """Mask what this process itself prints and logs meanwhile: a driver's components are somebody else's code, too.

    Handlers of ``logging`` may have been made before, with a file of their own; records are masked as they are made.
    """
    if redactor is None:
        yield
        return
    import logging  # noqa: PLC0415  # few runs have secrets

    before = (sys.stdout, sys.stderr)
    masked = [_MaskedFile(file, redactor) for file in before]
    sys.stdout, sys.stderr = cast("list[TextIO]", masked)
    make = logging.getLogRecordFactory()
    logging.setLogRecordFactory(lambda *args, **options: _masked_record(make(*args, **options), redactor))
    try:
        yield
    finally:
        logging.setLogRecordFactory(make)
        sys.stdout, sys.stderr = before
        for file in masked:
            file.finish()


def _masked_record(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    with contextlib.suppress(Exception):  # a message that does not fit its arguments: logging itself tells
        text = record.getMessage()
        cleaned = redactor.clean(text)
        if cleaned != text:
            record.msg, record.args = cleaned, None
    if record.exc_info and record.exc_info[0]:
        told = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        cleaned = redactor.clean(told)
        if cleaned != told:
            record.exc_info, record.exc_text = None, cleaned
    return record


class _MaskedFile:
    """A text file that secrets are masked in; everything but writing is the file's own."""

    def __init__(self, file: TextIO, redactor: Redactor) -> None:
        self._file = file
        self._stream = redactor.stream()

    def write(self, text: str) -> int:
        """Write what is known to be no beginning of a secret."""
        self._file.write(self._stream.feed(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Write what was held back."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(self._stream.flush())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _log(step_run_id: str, stream: str, text: str) -> list[ExecutorEvent]:
    return [LogData(step_run_id, stream, text)] if text else []
