"""Results of ``async def`` functions."""

from __future__ import annotations

import inspect
from typing import Any


def finished(result: Any) -> Any:
    """Return what a function returned; of a coroutine, what it returns when it is run to its end."""
    if not inspect.iscoroutine(result):
        return result
    import asyncio  # noqa: PLC0415  # slow to import; few functions are async

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(result)
    return _in_thread(result)


def _in_thread(coroutine: Any) -> Any:
    """Run a coroutine beside the event loop that runs in this thread already: in a notebook, in process."""
    import asyncio  # noqa: PLC0415  # as above
    import contextvars  # noqa: PLC0415
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(contextvars.copy_context().run, asyncio.run, coroutine).result()
