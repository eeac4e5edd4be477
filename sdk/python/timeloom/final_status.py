"""How a call with a stream of requests really ended, which grpc.aio may forget.

A service may end such a call before it has all requests, and a request that is written just then fails.
grpc.aio puts an internal error of its own in the place of the status for that, before the status arrives or
after (https://github.com/grpc/grpc/issues/36066). Whoever minds why a call ended asks here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Final, TypeVar

import grpc
import grpc.aio

ARRIVAL_SECONDS_MAX: Final = 5.0
"""How long the status of a call may take of which a request could not be written."""

CALL_OVER: Final = (asyncio.InvalidStateError, grpc.aio.AioRpcError, grpc.aio.InternalError)
"""What writing to a call raises, and ending its requests, where the call is over; its responses tell how."""

_MASK: Final = (grpc.StatusCode.INTERNAL, "Internal error from Core")

T = TypeVar("T")


class FinalStatus:
    """Remembers the status that a service sent."""

    def __init__(self, call: Any) -> None:
        """Follow a call from its beginning."""
        self._error: grpc.aio.AioRpcError | None = None
        self._arrived = asyncio.Event()
        call.add_done_callback(self._note)

    async def of(self, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError | None:
        """Return the error that this one stands for, which may be itself; None if the call succeeded."""
        if (error.code(), error.details()) != _MASK:
            return error
        with suppress(TimeoutError):
            async with asyncio.timeout(ARRIVAL_SECONDS_MAX):
                await self._arrived.wait()
        if not self._arrived.is_set():
            return error
        return self._error

    def _note(self, call: Any) -> None:
        code, details = _known(call.code()), _known(call.details())
        if (code, details) == _MASK:
            return
        if code is not grpc.StatusCode.OK:
            self._error = grpc.aio.AioRpcError(
                code,
                _known(call.initial_metadata()),
                _known(call.trailing_metadata()),
                details=details,
                debug_error_string=_known(call.debug_error_string()),
            )
        self._arrived.set()


def _known(asked: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine has to say at once: a call that is done waits for nothing."""
    try:
        asked.send(None)
    except StopIteration as answer:
        known: T = answer.value
        return known
    asked.close()
    raise RuntimeError("the call is not done")
