"""Talking HTTP to the services behind components: bounded in time, certificates verified, redirects not followed.

Invariant: messages name a service by scheme, host and port alone, since the rest of a URL may be a secret.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from stackyard.model.errors import ComponentError
from stackyard.model.record import Record

T = TypeVar("T")

MAX_ANSWER_BYTES = 8 << 20
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Answer(Record):
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


def request(
    url: str, *, timeout_s: float, headers: Mapping[str, str] | None = None, data: bytes | None = None
) -> Answer:
    """Ask a server; any status is an answer.

    Args:
        url: ``http`` or ``https``.
        timeout_s: for all of it, looking up the host included.
        headers: to send.
        data: posted, if given.

    Raises:
        ComponentError: there was no answer.
    """
    parts = split(url)
    place = place_of(parts)

    def ask() -> Answer:
        from http.client import HTTPException  # noqa: PLC0415  # slow to import; only who talks to a server needs it
        from urllib import request as urllib  # noqa: PLC0415
        from urllib.error import URLError  # noqa: PLC0415

        # Not urlopen: that one knows file: and ftp: too, and follows redirects with all headers.
        opener = urllib.OpenerDirector()
        for handler in (urllib.ProxyHandler, urllib.HTTPHandler, urllib.HTTPSHandler):
            opener.add_handler(handler())
        sent = urllib.Request(url, data=data, headers=dict(headers or {}))  # noqa: S310  # the opener knows no other
        try:
            with opener.open(sent, timeout=timeout_s) as answer:
                found = {name.lower(): value for name, value in answer.headers.items()}
                return Answer(answer.status, found, answer.read(MAX_ANSWER_BYTES))
        except URLError as error:
            reason = error.reason if isinstance(error.reason, Exception) else error
            raise _unreachable(place, reason, timeout_s) from error
        except (OSError, HTTPException) as error:
            raise _unreachable(place, error, timeout_s) from error
        except ValueError:  # its text repeats the header or URL, which may be a secret
            raise ComponentError(
                f"{place} can't be asked: the URL or a header has characters that HTTP does not allow.",
                hint="See the values of the secrets that they refer to: no line breaks, no blanks around them.",
            ) from None

    return _within(timeout_s, place, ask)


def reach(url: str, timeout_s: float) -> None:
    """Open a connection to a URL's host and port, and close it.

    Raises:
        ComponentError: nothing listens there.
    """
    parts = split(url)
    place = place_of(parts)

    def connect() -> None:
        import socket  # noqa: PLC0415

        try:
            port = parts.port or _DEFAULT_PORTS[parts.scheme]
            socket.create_connection((parts.hostname or "", port), timeout=timeout_s).close()
        except OSError as error:
            raise _unreachable(place, error, timeout_s) from error

    _within(timeout_s, place, connect)


def split(url: str) -> SplitResult:
    """Return the parts of a web address.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    parts = urlsplit("")
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for what is no number
        if parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.username is None:
            return parts
    if parts.username is not None:
        raise ValueError("a web address without a user name in it is needed")
    raise ValueError("a web address like https://host/path is needed")


def place_of(parts: SplitResult) -> str:
    """Return scheme, host and port for messages."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def basic(username: str, password: str) -> str:
    """Return the value of an ``Authorization`` header."""
    from base64 import b64encode  # noqa: PLC0415

    return "Basic " + b64encode(f"{username}:{password}".encode()).decode("ascii")


def _within(timeout_s: float, place: str, action: Callable[[], T]) -> T:
    """Do something in a thread and wait for it: sockets bound each read, and nothing bounds looking up a host."""
    results: list[T] = []
    errors: list[Exception] = []

    def act() -> None:
        try:
            results.append(action())
        except Exception as error:  # noqa: BLE001  # raised again by whoever waits
            errors.append(error)

    thread = threading.Thread(target=act, name="stackyard-web", daemon=True)
    thread.start()
    thread.join(timeout_s + 0.2)
    if errors:
        raise errors[0]
    if not results:
        raise _unreachable(place, TimeoutError(), timeout_s)
    return results[0]


def _unreachable(place: str, error: Exception, timeout_s: float) -> ComponentError:
    import socket  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    hint = "See that it is running and that this machine can reach it."
    if isinstance(error, TimeoutError):
        why = f"no answer within {timeout_s:g} s"
    elif isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted: {error.verify_message}"
        hint = "Let its certificate be signed by an authority that this machine trusts (SSL_CERT_FILE names others)."
    elif isinstance(error, ssl.SSLError):
        why = f"it does not speak HTTPS ({error.reason})"
    elif isinstance(error, socket.gaierror):
        why = "its host is not known"
    elif isinstance(error, OSError):
        why = (error.strerror or str(error) or type(error).__name__).lower()
    else:
        why = f"its answer is not HTTP ({type(error).__name__})"
    return ComponentError(f"{place} can't be reached: {why}.", hint=hint)
