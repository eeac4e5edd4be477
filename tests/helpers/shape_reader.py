"""Clients of shapes that go on through whatever happens to the server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.helpers.shape_copies import Copy

RETRY_SECONDS = 0.05
REQUEST_LIMIT_SECONDS = 40.0
_RETRIED = frozenset({429, 500, 502, 503, 504})
_REFETCH = 409


@dataclass(slots=True, kw_only=True)
class ShapeReader:
    """Keeps a copy by long polls or by server-sent events, through whatever happens to the server.

    Attributes:
        shape: The parameters that say which shape it is.
    """

    client: httpx.AsyncClient
    shape: Mapping[str, str]
    is_by_events: bool = False
    copy: Copy = field(default_factory=Copy)
    interruptions: int = 0
    _offset: str = "-1"
    _handle: str = ""
    _cursor: str = ""
    _is_live: bool = False

    async def run(self) -> None:
        """Reads until it is cancelled."""
        while True:
            try:
                await (self._read_events() if self.is_by_events and self._is_live else self._read())
            except httpx.TransportError:
                await self._pause()

    async def _pause(self) -> None:
        self.interruptions += 1
        await asyncio.sleep(RETRY_SECONDS)

    async def _read(self) -> None:
        answer = await self.client.get("/v1/shape", params=self._query(), timeout=REQUEST_LIMIT_SECONDS)
        if answer.status_code in _RETRIED:
            await self._pause()
        elif answer.status_code == _REFETCH:
            self._begin_anew(answer.headers.get("electric-handle", ""))
        elif answer.status_code == httpx.codes.NO_CONTENT:
            self._advance(answer.headers)
        else:
            assert answer.status_code == httpx.codes.OK, answer.text
            # The copy first: whoever is cancelled between the two must not have skipped something.
            self.copy.apply(answer.json())
            self._advance(answer.headers)

    async def _read_events(self) -> None:
        query = {**self._query(), "live_sse": "true"}
        request = self.client.stream("GET", "/v1/shape", params=query, timeout=REQUEST_LIMIT_SECONDS)
        async with request as answer:
            if answer.status_code in _RETRIED:
                await self._pause()
            elif answer.status_code == _REFETCH:
                self._begin_anew(answer.headers.get("electric-handle", ""))
            else:
                assert answer.status_code == httpx.codes.OK, await answer.aread()
                await self._take_events(answer)

    async def _take_events(self, answer: httpx.Response) -> None:
        """Applies what is complete: what came after the last `up-to-date` will come again."""
        pending: list[Mapping[str, Any]] = []
        async for line in answer.aiter_lines():
            if not line.startswith("data:"):
                continue
            event = json.loads(line.removeprefix("data:"))
            messages = event if isinstance(event, list) else [event]
            for message in messages:
                pending.append(message)
                headers = message["headers"]
                if headers.get("control") == "must-refetch":
                    self._begin_anew("")
                    return
                if headers.get("control") == "up-to-date":
                    self.copy.apply(pending)
                    pending = []
                    self._offset = f"{headers['global_last_seen_lsn']}_0"

    def _query(self) -> dict[str, str]:
        query = {**self.shape, "offset": self._offset}
        if self._handle:
            query["handle"] = self._handle
        if self._is_live:
            query["live"] = "true"
        if self._cursor:
            query["cursor"] = self._cursor
        return query

    def _advance(self, headers: Mapping[str, str]) -> None:
        self._offset = headers["electric-offset"]
        self._handle = headers["electric-handle"]
        self._cursor = headers.get("electric-cursor", self._cursor)
        self._is_live = "electric-up-to-date" in headers

    def _begin_anew(self, handle: str) -> None:
        self.copy.begin_anew()
        self._offset, self._handle, self._cursor, self._is_live = "-1", handle, "", False


@asynccontextmanager
async def reading(readers: Iterable[ShapeReader]) -> AsyncIterator[None]:
    """Lets readers read meanwhile; what one of them could not take ends the test."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(reader.run()) for reader in readers]
        yield
        for task in tasks:
            task.cancel()
