"""The connection of one client: its channel, its credentials and the deadline of each call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

import grpc

from timeloom._channel import open_channel
from timeloom._faults import from_rpc
from timeloom.configuration import Configuration
from timeloom.errors import ConfigurationError
from timeloom.snapshots.v1 import snapshots_service_pb2
from timeloom.snapshots.v1.snapshots_service_pb2_grpc import SnapshotsServiceStub

if TYPE_CHECKING:
    from timeloom.snapshots.v1.snapshots_service_pb2_grpc import SnapshotsServiceAsyncStub

_SNAPSHOTS = snapshots_service_pb2.DESCRIPTOR.services_by_name["SnapshotsService"]

# This client names each execution that it creates and each snapshot that it records: the server
# recognises a repetition.
_REPEATABLE = frozenset({f"{_SNAPSHOTS.full_name}.{name}" for name in ("CreateExecution", "RecordSnapshot")})

RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")


class Connection:
    """A channel that opens at the first call, in that call's event loop, and stays with it."""

    def __init__(self, configuration: Configuration, *, timeout_seconds: float) -> None:
        self.configuration = configuration
        self.timeout_seconds = timeout_seconds
        self.metadata = (("authorization", f"Bearer {configuration.api_key}"),)
        self._channel: grpc.aio.Channel | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._snapshots: SnapshotsServiceAsyncStub | None = None

    @property
    def snapshots(self) -> SnapshotsServiceAsyncStub:
        """The snapshots service, for calls from the client's event loop."""
        loop = asyncio.get_running_loop()
        if self._snapshots is None:
            address = self.configuration.grpc_address
            self._loop = loop
            self._channel = open_channel(address, services=(_SNAPSHOTS,), repeatable=_REPEATABLE)
            self._snapshots = SnapshotsServiceStub(self._channel)
        elif self._loop is not loop:
            raise ConfigurationError("An AsyncTimeloom belongs to the event loop that used it first")
        return self._snapshots

    async def unary(
        self, method: grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT], request: RequestT
    ) -> ResponseT:
        """Call a method and return its response.

        Raises:
            TimeloomError: The call failed.
        """
        try:
            return await method(request, timeout=self.timeout_seconds, metadata=self.metadata)
        except grpc.aio.AioRpcError as fault:
            raise from_rpc(fault, address=self.configuration.grpc_address) from None

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[RequestT, ResponseT], request: RequestT
    ) -> AsyncIterator[ResponseT]:
        """Call a method that answers with a stream, which may go on for ever.

        Raises:
            TimeloomError: The call failed, now or later.
        """
        call = method(request, metadata=self.metadata)
        try:
            async for response in call:
                yield response
        except grpc.aio.AioRpcError as fault:
            raise from_rpc(fault, address=self.configuration.grpc_address) from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Close the channel; a later call opens it again."""
        channel, self._channel, self._snapshots, self._loop = self._channel, None, None, None
        if channel is not None:
            await channel.close()
