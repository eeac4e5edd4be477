"""Shapes over a database of their own, asked without HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from timeloom_platform.testing.databases import Rooms
from timeloom_workspace.assembly import PACKAGE, ROOM
from timeloom_workspace.shapes.answers import Answer, Answers
from timeloom_workspace.shapes.assembly import PUBLICATIONS
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.limits import ShapeLimits
from timeloom_workspace.shapes.own_tables import OwnTables
from timeloom_workspace.shapes.registered import REGISTERED
from timeloom_workspace.shapes.tables import RegisteredTables

LIMITS = ShapeLimits(live_seconds=2.0, sse_seconds=3.0, keep_alive_seconds=0.5, poll_seconds=0.02)

INSERT_TASK = """
INSERT INTO workspace.tasks (
    project_id, id, title, description, status, priority, mode, user_id, session_id, repository, branch,
    status_message, has_changes, archived, messages, tags, metadata, create_time, update_time, version, clock,
    field_clocks
) VALUES (
    $1, $2, $3, $4, $5, 'MEDIUM', 'CODE', '', '', '', '', '', $6, false, '[]', $7, '{}', now(), now(), $8, '',
    '{}'
)
"""


@dataclass(frozen=True, kw_only=True)
class Got:
    """An answer that is whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(json.loads(self.body))

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [message for message in self.messages if "key" in message]

    @property
    def offset(self) -> str:
        return self.headers["electric-offset"]

    @property
    def handle(self) -> str:
        return self.headers["electric-handle"]

    @property
    def is_up_to_date(self) -> bool:
        return "electric-up-to-date" in self.headers


@dataclass(kw_only=True)
class Shapes:
    """Shapes that are served, and the rows that they are made of."""

    engine: Engine
    answers: Answers
    connection: Any
    project_id: UUID = field(default_factory=uuid4)
    agent_id: str = ""

    async def open(
        self, *, method: str = "GET", body: bytes = b"", if_none_match: str = "", **fields: str
    ) -> Answer:
        return await self.answers.answer(
            method=method,
            query=urlencode({"table": "tasks", **fields}),
            body=body,
            headers={"if-none-match": if_none_match} if if_none_match else {},
            project_id=str(self.project_id),
            agent_id=self.agent_id,
        )

    async def get(
        self, *, method: str = "GET", body: bytes = b"", if_none_match: str = "", **fields: str
    ) -> Got:
        answer = await self.open(method=method, body=body, if_none_match=if_none_match, **fields)
        parts = [part async for part in answer.parts]
        return Got(status=answer.status, headers=answer.headers, body=b"".join(parts))

    async def ask(self, **fields: str) -> Got:
        return await self.get(method="GET", body=b"", if_none_match="", **fields)

    async def insert(
        self,
        title: str = "a task",
        *,
        description: str = "",
        status: str = "PENDING",
        has_changes: bool = False,
        tags: tuple[str, ...] = (),
        version: int = 1,
        project_id: UUID | None = None,
    ) -> UUID:
        task_id = uuid4()
        await self.connection.execute(
            INSERT_TASK,
            project_id or self.project_id,
            task_id,
            title,
            description,
            status,
            has_changes,
            list(tags),
            version,
        )
        return task_id

    async def execute(self, statement: str, *arguments: object) -> None:
        await self.connection.execute(statement, *arguments)


ServeShapes: TypeAlias = Callable[..., AbstractAsyncContextManager[Shapes]]


@asynccontextmanager
async def serving(
    url: str,
    superuser_url: str,
    directory: Path,
    *,
    limits: ShapeLimits = LIMITS,
    allows_deletion: bool = False,
    schemas: Sequence[str] = (),
) -> AsyncGenerator[Shapes]:
    engine = Engine(url=url, publications=PUBLICATIONS, directory=directory, limits=limits)
    own_tables = OwnTables(url, schemas=schemas)
    answers = Answers(
        engine=engine,
        registry=RegisteredTables(REGISTERED),
        own_tables=own_tables,
        allows_deletion=allows_deletion,
    )
    connection = await asyncpg.connect(superuser_url)
    running = asyncio.create_task(engine.run())
    try:
        yield Shapes(engine=engine, answers=answers, connection=connection)
    finally:
        await connection.close()
        await own_tables.close()
        running.cancel()
        await asyncio.wait({running})


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE}


@pytest_asyncio.fixture
async def serve(databases: Any, database_url: str, tmp_path: Path) -> ServeShapes:
    """Serves shapes of the test's database, with limits of the test's choice."""
    superuser_url = await databases.superuser_url(database_url)
    return partial(serving, database_url, superuser_url, tmp_path / "shapes")


@pytest_asyncio.fixture
async def shapes(serve: ServeShapes) -> AsyncIterator[Shapes]:
    async with serve() as served:
        yield served
