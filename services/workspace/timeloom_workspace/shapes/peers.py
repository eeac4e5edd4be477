"""Where the replica is that follows changes; the others pass requests on to it."""

from __future__ import annotations

import socket
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc.aio

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import InternalTokens
from timeloom_platform.channel import open_channel

PASSED_ON: Final = "passed-on"
"""A request with this header has been passed on once, and is not again."""
CHANNELS_MAX: Final = 4
PASS_SECONDS_MAX: Final = 180.0

_SERVICE: Final = shapes_service_pb2.DESCRIPTOR.services_by_name["ShapesService"]
_ANY_HOST: Final = frozenset({"0.0.0.0", "::", "[::]", ""})


def own_address(listen: str) -> str:
    """Where other replicas reach a process that listens there."""
    host, _, port = listen.rpartition(":")
    return f"{socket.gethostbyname(socket.gethostname())}:{port}" if host in _ANY_HOST else listen


class Peers:
    """Calls other replicas.

    Args:
        tokens: Makes the caller known to them.
    """

    def __init__(self, tokens: InternalTokens) -> None:
        self._tokens = tokens
        self._channels: OrderedDict[str, grpc.aio.Channel] = OrderedDict()

    async def ask(
        self, address: str, request: shapes_service_pb2.ReadShapeRequest
    ) -> AsyncIterator[shapes_service_pb2.ReadShapeResponse]:
        """The answer of the replica at an address."""
        passed = shapes_service_pb2.ReadShapeRequest()
        passed.CopyFrom(request)
        passed.headers[PASSED_ON] = "true"
        stub: Any = shapes_service_pb2_grpc.ShapesServiceStub(await self._channel(address))
        call = stub.ReadShape(passed, timeout=PASS_SECONDS_MAX)
        try:
            async for response in call:
                yield response
        finally:
            call.cancel()

    async def close(self) -> None:
        """Closes all channels."""
        while self._channels:
            _, channel = self._channels.popitem()
            await channel.close()

    async def _channel(self, address: str) -> grpc.aio.Channel:
        channel = self._channels.get(address)
        if channel is None:
            channel = self._channels[address] = open_channel(
                address, services=[_SERVICE], tokens=self._tokens
            )
            if len(self._channels) > CHANNELS_MAX:
                _, oldest = self._channels.popitem(last=False)
                await oldest.close()
        return channel
