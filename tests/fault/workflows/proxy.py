"""A wire between an engine and PostgreSQL that can be cut: nothing passes, and nobody is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

CHUNK_BYTES = 65_536


class Wire:
    """Passes on what it gets, unless it is cut; then it keeps it, and passes it on when it is mended."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0

    def cut(self) -> None:
        """Lets nothing through any more."""
        self._is_whole.clear()

    def mend(self) -> None:
        """Lets through what was on its way, and what comes."""
        self._is_whole.set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes a connection, and makes the other half of it."""
        await self._is_whole.wait()
        other_reader, other_writer = await asyncio.open_connection(self._host, self._port)
        self._writers += (writer, other_writer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_on(reader, other_writer))
            tasks.create_task(self._pass_on(other_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                await self._is_whole.wait()
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass  # one end is gone
        finally:
            writer.close()

    def close(self) -> None:
        """Closes what is still open."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def wire_to(host: str, port: int) -> AsyncGenerator[Wire]:
    """Lends a wire to a server."""
    wire = Wire(host, port)
    server = await asyncio.start_server(wire.connect, host, 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        wire.mend()
        server.close()
        wire.close()
