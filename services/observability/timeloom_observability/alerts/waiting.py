"""Waiting for what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import structlog

POLL_SECONDS_MIN: Final = 0.1
RETRY_SECONDS: Final = 1.0

T = TypeVar("T")

logger = structlog.get_logger(__name__)


async def due_again(
    take: Callable[[], Coroutine[Any, Any, tuple[T | None, float | None]]],
    changed: asyncio.Event,
    *,
    poll_seconds: float,
) -> T:
    """Returns what is due as soon as something is, through failures of the database.

    Args:
        take: Returns what is due, or else in how many seconds something is; None if nothing is.
        changed: Set by others of this process to have a look at once.
        poll_seconds: How long to wait at most: other replicas make things due, too, and tell nobody.
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
        wait = poll_seconds if seconds is None else min(max(seconds, POLL_SECONDS_MIN), poll_seconds)
        try:
            async with asyncio.timeout(wait):
                await changed.wait()
        except TimeoutError:
            continue
