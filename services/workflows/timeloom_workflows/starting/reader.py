"""Reading executions for many callers at once: who asks while a read is under way shares the next one."""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

from timeloom_platform.database import Database
from timeloom_workflows.model import Execution
from timeloom_workflows.storage import executions as storage

READ_MAX: Final = 64
"""Executions that one statement reads, with their documents."""

_Answer = asyncio.Future[Execution | None]


class Reader:
    """Reads executions, those of a project together that are asked for together.

    A read begins after everybody asked whom it answers: what was committed before is seen.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[UUID, dict[UUID, _Answer]] = {}
        self._reading: dict[UUID, asyncio.Task[None]] = {}

    async def get(self, project_id: UUID, execution_id: UUID) -> Execution | None:
        """Returns an execution with its documents; None if there is none.

        Raises:
            UnavailableError: PostgreSQL cannot be reached.
            OverloadedError: It has too much to do.
        """
        asked = self._asked.setdefault(project_id, {})
        answer = asked.get(execution_id)
        if answer is None:
            answer = asked[execution_id] = asyncio.get_running_loop().create_future()
        if project_id not in self._reading:
            self._reading[project_id] = asyncio.create_task(self._read(project_id))
        # Others may wait for the same answer, when this caller leaves.
        return await asyncio.shield(answer)

    async def _read(self, project_id: UUID) -> None:
        """Reads for a project as long as anybody asks."""
        try:
            while asked := self._asked.pop(project_id, None):
                ids = list(asked)
                for start in range(0, len(ids), READ_MAX):
                    await self._answer(
                        project_id, {each: asked[each] for each in ids[start : start + READ_MAX]}
                    )
        finally:
            del self._reading[project_id]

    async def _answer(self, project_id: UUID, asked: dict[UUID, _Answer]) -> None:
        try:
            async with self._database.reading(str(project_id)) as connection:
                found = await storage.select_all(connection, project_id, list(asked))
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must be told
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(error)
                    answer.exception()  # the callers may have left, and nobody need hear of it then
            return
        for execution_id, answer in asked.items():
            if not answer.done():
                answer.set_result(found.get(execution_id))
