"""Waiting for a condition, with a limit, instead of sleeping and hoping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast, overload

T = TypeVar("T")

_INTERVAL_SECONDS = 0.01


@overload
async def eventually(
    check: Callable[[], Awaitable[T]], *, timeout_seconds: float = ..., describe: str = ...
) -> T: ...


@overload
async def eventually(check: Callable[[], T], *, timeout_seconds: float = ..., describe: str = ...) -> T: ...


async def eventually(
    check: Callable[[], Awaitable[T] | T], *, timeout_seconds: float = 30.0, describe: str = ""
) -> T:
    """Calls `check` until it returns something truthy, and returns that; an AssertionError in the end."""
    result: T | None = None
    try:
        async with asyncio.timeout(timeout_seconds):
            while True:
                result = await _call(check)
                if result:
                    return result
                await asyncio.sleep(_INTERVAL_SECONDS)
    except TimeoutError:
        what = describe or getattr(check, "__name__", "the condition")
        raise AssertionError(f"not within {timeout_seconds:g} s: {what}; last answer: {result!r}") from None


async def _call(check: Callable[[], Awaitable[T] | T]) -> T:
    outcome: Any = check()
    return cast("T", await outcome if inspect.isawaitable(outcome) else outcome)
