"""`/healthz`: the process answers. `/readyz`: it has what it needs, and says what it has not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import grpc
import grpc.aio
import msgspec

from timeloom_gateway.web.errors import MethodNotAllowedError
from timeloom_platform.errors import TimeloomError
from timeloom_platform.web.messages import Receive, Reply, Request, Send

CHECK_SECONDS_MAX: Final = 2.0

# An idle channel is one that nobody has used for long; it connects again when it is.
_REACHABLE: Final = (grpc.ChannelConnectivity.READY, grpc.ChannelConnectivity.IDLE)
_NO_STORE: Final = {"cache-control": "no-store"}


class Health:
    """What the gateway needs itself decides whether it is ready; a room that is away, only its own routes."""

    def __init__(
        self,
        *,
        needs: Mapping[str, Callable[[], Awaitable[None]]],
        rooms: Mapping[str, grpc.aio.Channel],
        closing: asyncio.Event,
    ) -> None:
        self._needs = needs
        self._rooms = rooms
        self._closing = closing

    async def live(self, request: Request, _receive: Receive, send: Send) -> None:
        """Answers as long as the event loop turns."""
        _require_get(request)
        await _status(200, "ok").send(send)

    async def ready(self, request: Request, _receive: Receive, send: Send) -> None:
        """Asks everything that the gateway needs, at the same time and for a bounded time."""
        _require_get(request)
        if self._closing.is_set():
            await _status(503, "stopping").send(send)
            return
        complaints = await asyncio.gather(*(self._complaint(check) for check in self._needs.values()))
        missing = {name: text for name, text in zip(self._needs, complaints, strict=True) if text}
        away = {
            name: "not reachable"
            for name, channel in self._rooms.items()
            if channel.get_state(try_to_connect=True) not in _REACHABLE
        }
        status = "unavailable" if missing else "degraded" if away else "ready"
        await _status(503 if missing else 200, status, missing={**missing, **away}).send(send)

    @staticmethod
    async def _complaint(check: Callable[[], Awaitable[None]]) -> str:
        try:
            async with asyncio.timeout(CHECK_SECONDS_MAX):
                await check()
        except TimeloomError as error:
            return error.message
        except TimeoutError:
            return f"no answer within {CHECK_SECONDS_MAX:g} s"
        return ""


def _status(code: int, status: str, *, missing: Mapping[str, str] | None = None) -> Reply:
    members = {"status": status, "missing": dict(missing)} if missing else {"status": status}
    return Reply(status=code, body=msgspec.json.encode(members), headers=_NO_STORE)


def _require_get(request: Request) -> None:
    if request.method not in ("GET", "HEAD"):
        raise MethodNotAllowedError(("GET", "HEAD"))
