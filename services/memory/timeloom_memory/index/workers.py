"""Threads for work on vectors that takes too long for the event loop; FAISS and numpy let go of the GIL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no stubs

P = ParamSpec("P")
T = TypeVar("T")

THREADS: Final = 4


class Workers:
    """A few threads, each of which computes alone: searches run side by side instead."""

    def __init__(self) -> None:
        threadpool_limits(limits=1, user_api="blas")
        self._threads = ThreadPoolExecutor(THREADS, "index")

    async def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Calls a function in a thread. It is not left behind: a caller that is cancelled waits for it."""
        future = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: function(*arguments, **named)
        )
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise

    def close(self) -> None:
        """Ends the threads."""
        self._threads.shutdown()
