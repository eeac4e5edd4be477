"""Waiting for what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import structlog

POLL_SECONDS_MIN: Final = 0.1
POLL_SECONDS_MAX: Final = 5.0
"""What another replica has made due, and has not seen to itself, waits for so long."""

RETRY_SECONDS: Final = 1.0

T = TypeVar("T")

logger = structlog.get_logger(__name__)


async def due_again(
    take: Callable[[], Coroutine[Any, Any, tuple[T | None, float | None]]],
    changed: asyncio.Event,
) -> T:
    """Returns what is due as soon as something is, through failures of the database.

    Args:
        take: Returns what is due, or else in how many seconds something is; None if nothing is.
        changed: Set by others of this process to have a look at once.
    """
    while True:
        changed.clear()
        try:
            due, seconds = await take()
        except Exception as error:
            # The database may be away, in one of many ways: there is another time.
            logger.warning("nothing taken", exc_info=error)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if due is not None:
            return due
        wait = POLL_SECONDS_MAX
        if seconds is not None:
            wait = min(max(seconds, POLL_SECONDS_MIN), POLL_SECONDS_MAX)
        try:
            async with asyncio.timeout(wait):
                await changed.wait()
        except TimeoutError:
            continue
