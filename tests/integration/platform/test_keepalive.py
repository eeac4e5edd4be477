"""Clients and servers agree on how often one may ask whether the other is there: time goes fast here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from timeloom import keepalive

INTERVAL_MS = 1_000
"""gRPC asks no more often than once a second."""

SECONDS = 5.0
"""A server that is asked too often says so after the third time."""


@asynccontextmanager
async def server(options: list[tuple[str, int]]) -> AsyncGenerator[str]:
    """A server whose one stream says nothing."""

    async def watch(request: Any, context: Any) -> AsyncGenerator[health_pb2.HealthCheckResponse]:
        del request, context
        await asyncio.sleep(60)
        yield health_pb2.HealthCheckResponse()

    handler = grpc.unary_stream_rpc_method_handler(
        watch,
        request_deserializer=health_pb2.HealthCheckRequest.FromString,
        response_serializer=health_pb2.HealthCheckResponse.SerializeToString,
    )
    running = grpc.aio.server(options=[("grpc.so_reuseport", 0), *options])
    service = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Watch": handler})
    running.add_generic_rpc_handlers((service,))
    port = running.add_insecure_port("127.0.0.1:0")
    await running.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await running.stop(None)


async def told_within(seconds: float, address: str) -> str:
    """What an idle stream ends with; nothing if it is still there after so long."""
    options = keepalive.client_options(interval_ms=INTERVAL_MS)
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        call = stub.Watch(health_pb2.HealthCheckRequest())
        try:
            async with asyncio.timeout(seconds):
                await call.read()
        except TimeoutError:
            return ""
        except grpc.aio.AioRpcError as error:
            return error.details() or "broken"
        return "ended"


async def test_an_idle_stream_outlives_its_signs_of_life() -> None:
    allowed_ms = keepalive.ALLOWED_INTERVAL_MS * INTERVAL_MS // keepalive.INTERVAL_MS
    # One who asks more often than is allowed is cut off: else this would prove nothing.
    async with (
        server(keepalive.server_options(allowed_interval_ms=allowed_ms)) as ours,
        server(keepalive.server_options(allowed_interval_ms=INTERVAL_MS * 10)) as strict,
    ):
        told = await asyncio.gather(told_within(SECONDS, ours), told_within(SECONDS * 6, strict))
    assert list(told) == ["", "Too many pings"]


@pytest.mark.parametrize("late_ms", [0, keepalive.TIMEOUT_MS])
def test_signs_of_life_that_are_held_up_are_not_too_many(late_ms: int) -> None:
    assert keepalive.INTERVAL_MS - late_ms >= 2 * keepalive.ALLOWED_INTERVAL_MS
