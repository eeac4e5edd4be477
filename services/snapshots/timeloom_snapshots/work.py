"""Work on documents, out of the way of other calls where it takes long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from timeloom_snapshots import limits

P = ParamSpec("P")
R = TypeVar("R")


async def on(size_bytes: int, work: Callable[P, R], *arguments: P.args, **keywords: P.kwargs) -> R:
    """Does some work on a document of a size: here if it is small, in a thread if it is large."""
    if size_bytes > limits.INLINE_WORK_BYTES_MAX:
        return await asyncio.to_thread(work, *arguments, **keywords)
    return work(*arguments, **keywords)
