"""One WebSocket: whole messages in, whole messages out, and an end that its client understands."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import msgspec

from timeloom_gateway.problems import Problem
from timeloom_gateway.sockets import protocol
from timeloom_platform.web.messages import Receive, Request, Send

SEND_SECONDS_MAX: Final = 30.0
"""A client that takes no message for so long is let go."""
CLOSE_SECONDS_MAX: Final = 5.0


class ConnectionClosed(Exception):  # noqa: N818  # not an error: the client has left
    """The connection is closed."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.is_clean = code in (protocol.CLOSE_DONE, protocol.CLOSE_GOING_AWAY)


class TooSlowError(Exception):
    """The client does not take what is sent to it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Connection:
    """Sends and receives whole messages; one at a time is sent."""

    def __init__(self, request: Request, receive: Receive, send: Send) -> None:
        self._request = request
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        self.resume_hint = ""
        """What a client that is too slow is told besides."""

    async def receive(self) -> str | bytes:
        """The client's next message; ConnectionClosed if there will be none."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            raise ConnectionClosed(message.get("code", protocol.CLOSE_DONE))
        return message.get("text") or message.get("bytes") or b""

    async def send(self, text: str) -> None:
        """Sends a message; TooSlowError or ConnectionClosed if the client does not take it."""
        try:
            async with asyncio.timeout(SEND_SECONDS_MAX), self._sending:
                await self._send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise TooSlowError("; ".join(filter(None, ("too slow", self.resume_hint)))) from None
        except (OSError, RuntimeError):
            # The peer has gone while the message was on its way.
            raise ConnectionClosed(_ABNORMAL) from None

    async def tell(self, message_type: str, /, **members: object) -> None:
        """Sends a message of the gateway's own."""
        await self.send(protocol.encode(message_type, **members))

    async def tell_problem(self, problem: Problem, /, **members: object) -> None:
        """Tells what went wrong, if the client still listens."""
        document = msgspec.Raw(problem.body(self._request.id))
        with suppress(ConnectionClosed, TooSlowError):
            await self.tell("error", **members, problem=document)

    async def close(self, code: int, reason: str = "") -> None:
        """Closes the connection, if there still is one."""
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS_MAX):
                text = protocol.close_reason(reason)
                await self._send({"type": "websocket.close", "code": code, "reason": text})


_ABNORMAL: Final = 1006
