"""Clients that are slow, or do not finish what they began: they cost little, and others do not notice."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.integration.gateway.house import House, Tenant
from tests.integration.gateway.test_live import open_socket, tell
from timeloom_gateway.sockets import connection as sockets
from timeloom_gateway.web import streams
from timeloom_platform.bus import Bus
from timeloom_platform.testing import eventually
from timeloom_platform.web import connections

pytestmark = pytest.mark.asyncio(loop_scope="module")

HALF_OPEN = 300
IDLE = 200
IDLE_BYTES_MAX = 400_000
UNDISTURBED_SECONDS_MAX = 5.0
"""Half of what a slow client may take for a head: who is disturbed waits for others."""
LONG = "x" * 500_000
"""Fills the buffers on the way to a client with few events."""


@asynccontextmanager
async def half_open(house: House, count: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Connections that send the beginning of a request and no more."""
    host, port = house.gateway.http_address.split(":")
    opened = await asyncio.gather(*(asyncio.open_connection(host, int(port)) for _ in range(count)))
    for _, writer in opened:
        writer.write(b"GET /api/executions HTTP/1.1\r\nhost: x\r\n")
    try:
        yield [reader for reader, _ in opened]
    finally:
        for _, writer in opened:
            writer.close()


async def slowest_of(api: httpx.AsyncClient, count: int = 20) -> float:
    durations: list[float] = []
    for _ in range(count):
        begin = time.perf_counter()
        assert (await api.get("/api/executions")).status_code == httpx.codes.OK
        durations.append(time.perf_counter() - begin)
    return max(durations)


async def test_many_half_open_connections_disturb_nobody(house: House, api: httpx.AsyncClient) -> None:
    async with half_open(house, HALF_OPEN):
        assert await slowest_of(api) < UNDISTURBED_SECONDS_MAX


async def test_a_head_that_does_not_come_closes_the_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.1)
    async with half_open(house, 1) as (reader,):
        assert await asyncio.wait_for(reader.read(), 30) == b""


async def test_a_keep_alive_connection_is_not_taken_for_a_slow_one(
    house: House, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS_MAX", 0.1)
    host, port = house.gateway.http_address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for _ in range(2):
        writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200" in await reader.readline()
        await reader.readuntil(b'{"status":"ok"}')
        # Longer than a head may take: the first request must not count for the second.
        begin = time.monotonic()
        while time.monotonic() < begin + 0.2:
            await slowest_of(api, count=5)
    writer.close()


async def test_a_web_socket_that_reads_nothing_is_let_go(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its buffers fill, then its events wait in JetStream, and in the end it has to come back."""
    monkeypatch.setattr(sockets, "SEND_SECONDS_MAX", 0.3)
    bus = await Bus.connect(house.nats.url, name="test")
    try:
        async with open_socket(house, **tenant.headers) as connection:
            await connection.recv()
            await connection.send(json.dumps({"type": "subscribe", "id": "a", "topic": "executions"}))
            await connection.recv()
            connection.transport.pause_reading()
            before = house.metrics.http.live_clients
            async with asyncio.timeout(90):
                while house.metrics.http.live_clients == before:
                    await tell(bus, tenant, "a", step_name=LONG)
            connection.transport.resume_reading()
            with pytest.raises(ConnectionClosed):
                await _read_to_the_end(connection)
    finally:
        await bus.close()


async def test_many_idle_web_sockets_cost_little(
    house: House, tenant: Tenant, api: httpx.AsyncClient
) -> None:
    """Client and gateway share this process, so that what is counted is more than what the gateway holds."""
    before = resident_bytes()
    async with AsyncExitStack() as stack:
        sockets = await asyncio.gather(
            *(stack.enter_async_context(open_socket(house, **tenant.headers)) for _ in range(IDLE))
        )
        for socket in sockets:
            assert json.loads(await socket.recv())["type"] == "ready"
        await eventually(lambda: house.metrics.http.live_clients == IDLE)
        assert (resident_bytes() - before) / IDLE < IDLE_BYTES_MAX
        assert await slowest_of(api) < UNDISTURBED_SECONDS_MAX
        bus = await Bus.connect(house.nats.url, name="test")
        try:
            for socket in (sockets[0], sockets[-1]):
                await socket.send(json.dumps({"type": "subscribe", "id": "a", "topic": "executions"}))
                await socket.recv()
            await tell(bus, tenant, "a")
            for socket in (sockets[0], sockets[-1]):
                assert json.loads(await socket.recv())["type"] == "event"
        finally:
            await bus.close()
    await eventually(lambda: house.metrics.http.live_clients == 0)


def resident_bytes() -> int:
    """The memory of this process that is not swapped or shared away (proc(5), statm)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


async def _read_to_the_end(connection: ClientConnection) -> None:
    async with asyncio.timeout(30):
        while True:
            await connection.recv()


async def test_an_event_stream_that_nobody_reads_ends(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "STALLED_SECONDS_MAX", 0.3)
    bus = await Bus.connect(house.nats.url, name="test")
    host, port = house.gateway.http_address.split(":")
    _, writer = await asyncio.open_connection(host, int(port), limit=1024)
    try:
        key = tenant.keys["read"]
        head = f"GET /api/stream?topic=executions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n"
        writer.write(head.encode())
        await eventually(lambda: house.metrics.http.live_clients == 1)
        async with asyncio.timeout(90):
            while house.metrics.http.live_clients:
                await tell(bus, tenant, "a", step_name=LONG)
    finally:
        writer.transport.abort()
        await bus.close()
