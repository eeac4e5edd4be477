"""In Electric's place: our own shapes, of whole tables and without projects, behind its secret."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.integration.workspace.shapes.conftest import LIMITS
from timeloom_workspace.shapes.answers import Answers
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.own_tables import OwnTables
from timeloom_workspace.shapes.tables import Registration

SECRET = "what only the workspace service may say"
PUBLICATION = "electric_publication_timeloom"


class WholeTables:
    """Knows every table, with all of its columns and rows."""

    def find(self, name: str) -> Registration | None:
        schema, _, table = name.partition(".")
        return Registration(
            name=name,
            schema=schema,
            table=table,
            role=None,
            project_column=None,
            key=None,
            publication=PUBLICATION,
        )


@dataclass(kw_only=True)
class Electric:
    """An HTTP server that answers as Electric does.

    Attributes:
        asked: The parameters of each request.
        failure: What it answers instead: a status and headers.
    """

    answers: Answers
    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failure: tuple[int, Mapping[str, str]] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one request, and closes the connection."""
        with contextlib.suppress(ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            try:
                await self._answer(head, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> None:
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        query = urlsplit(target).query
        fields = dict(parse_qsl(query, keep_blank_values=True))
        is_known = fields.pop("secret", "") == SECRET
        self.asked.append(fields)
        if self.failure is not None or not is_known:
            status, headers = self.failure or (401, {})
            await _write_head(writer, status, headers)
            return
        known = [line[15:] for line in head.split("\r\n") if line.lower().startswith("if-none-match: ")]
        answer = await self.answers.answer(
            method=method,
            query=query,
            body=b"",
            headers={"if-none-match": known[0]} if known else {},
            project_id="",
            agent_id="",
        )
        await _write_head(writer, answer.status, {**answer.headers, "set-cookie": "not=yours"})
        async for part in answer.parts:
            writer.write(part)
            await writer.drain()


async def _write_head(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} It", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1"))
    await writer.drain()


@asynccontextmanager
async def running_electric(url: str, directory: Path) -> AsyncGenerator[Electric]:
    """Follows a database, as a role that Electric may have, and answers by HTTP."""
    engine = Engine(
        url=url, publications=[PUBLICATION], directory=directory, limits=replace(LIMITS, sse_seconds=60.0)
    )
    following = asyncio.create_task(engine.run())
    electric = Electric(
        answers=Answers(engine=engine, registry=WholeTables(), own_tables=OwnTables(url, schemas=()))
    )
    server = await asyncio.start_server(electric.serve, "127.0.0.1", 0)
    electric.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield electric
    finally:
        server.close()
        engine.end_streams()
        following.cancel()
        await asyncio.wait({following})
