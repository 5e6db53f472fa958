"""A bar on standard error while something takes long; nothing where nobody looks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def working(what: str, total: int | None, *, in_bytes: bool = False) -> Iterator[Callable[[int], None]]:
    """Show how far something is.

    Args:
        what: a word for it: ``Reading``.
        total: how much there is; None: nobody knows.
        in_bytes: it is counted in bytes.

    Yields:
        What is told of progress: how much came on since the last call; from any thread.
    """
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich.console import Console  # noqa: PLC0415  # slow to import; not needed in a pipe
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

    counted = DownloadColumn() if in_bytes else MofNCompleteColumn()
    text = TextColumn("[progress.description]{task.description}")
    with Progress(text, BarColumn(), counted, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda count: bar.advance(task, count)
