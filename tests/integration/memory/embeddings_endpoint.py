"""A small HTTP server with OpenAI's embeddings endpoint, which can be told to misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, dict[str, str], Any]


@dataclass(kw_only=True)
class EmbeddingsEndpoint:
    """Gives each text the vector (its length, 1, 0), in the reverse order of the texts.

    Attributes:
        requests: What was asked, with the paths and keys.
        faults: What is answered instead, in turn; None for nothing at all.
    """

    base_url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    faults: list[Answer | None] = field(default_factory=list["Answer | None"])
    shape: Callable[[list[dict[str, Any]]], Any] = lambda data: {"data": data}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers the requests of one connection."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                await self._answer(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.requests.append({"path": first, "key": headers["authorization"], **body})
        fault = self.faults.pop(0) if self.faults else (200, {}, self.shape(_data(body["input"])))
        if fault is None:
            await asyncio.Event().wait()
            return
        status, extra, answer = fault
        content = json.dumps(answer).encode()
        lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await writer.drain()


def _data(texts: list[str]) -> list[dict[str, Any]]:
    data = [{"index": place, "embedding": [len(text), 1.0, 0.0]} for place, text in enumerate(texts)]
    return data[::-1]


@asynccontextmanager
async def embeddings_endpoint() -> AsyncGenerator[EmbeddingsEndpoint]:
    """Serves on a free loopback port."""
    endpoint = EmbeddingsEndpoint()
    calls: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.add(asyncio.create_task(endpoint.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    endpoint.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield endpoint
    finally:
        server.close()
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
