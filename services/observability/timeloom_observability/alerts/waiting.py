"""Waiting for what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

import asyncpg
import structlog

from timeloom_platform.errors import TimeloomError

POLL_SECONDS_MIN: Final = 0.1
RETRY_SECONDS: Final = 1.0

T = TypeVar("T")

logger = structlog.get_logger(__name__)


async def due_again(
    take: Callable[[], Coroutine[Any, Any, T | float | None]],
    changed: asyncio.Event,
    *,
    poll_seconds: float,
) -> T:
    """Returns what is due as soon as something is, through failures of the database.

    Args:
        take: Returns what is due; or in how many seconds something is, None if nothing is.
        changed: Set by others of this process to have a look at once.
        poll_seconds: How long to wait at most: other replicas make things due, too, and tell nobody.
    """
    while True:
        changed.clear()
        try:
            taken = await take()
        except (TimeloomError, asyncpg.PostgresError) as error:
            logger.warning("nothing taken", error=error)
            await asyncio.sleep(RETRY_SECONDS)
            continue
        if taken is not None and not isinstance(taken, float):
            return taken
        wait = poll_seconds if taken is None else min(max(taken, POLL_SECONDS_MIN), poll_seconds)
        try:
            async with asyncio.timeout(wait):
                await changed.wait()
        except TimeoutError:
            continue
