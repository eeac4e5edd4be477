"""An app that keeps changing its tasks, whatever happens to the server."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from tests.helpers.shape_copies import Copy, all_are

COLUMNS = ("id", "title", "status")
WORKED_ON = ("IN_PROGRESS", "PAUSED")
STATUSES = ("PENDING", "IN_PROGRESS", "PAUSED", "COMPLETED")
TASKS_MAX = 40
PAGE_SIZE = 1000
_RETRY_SECONDS = 0.05
_PAUSE_SECONDS = 0.01
_LIMIT_SECONDS = 20.0
_TRANSIENT = 500
# A call whose answer was lost may have been made already.
_MADE_BEFORE = frozenset({404, 409})


@dataclass(slots=True, kw_only=True)
class Writer:
    """Creates, changes and deletes the tasks of one session, in an order that its seed decides."""

    client: httpx.AsyncClient
    session_id: str
    seed: int
    writes: int = 0
    _ids: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        """Writes until it is cancelled."""
        choose = random.Random(self.seed)
        while True:
            await self._write(choose)
            self.writes += 1
            await asyncio.sleep(_PAUSE_SECONDS)

    async def create(self, title: str) -> str:
        """Creates one task, for sure."""
        task_id = str(uuid.uuid4())
        body = {"taskId": task_id, "title": title, "sessionId": self.session_id, "status": "IN_PROGRESS"}
        await self._call("POST", "/api/tasks", body)
        return task_id

    async def tasks(self) -> Sequence[dict[str, str]]:
        """What the server has."""
        query = {"sessionId": self.session_id, "pageSize": str(PAGE_SIZE)}
        answer = await self.client.get("/api/tasks", params=query, timeout=_LIMIT_SECONDS)
        answer.raise_for_status()
        assert not answer.json().get("nextPageToken")
        return list(answer.json().get("tasks", []))

    async def _write(self, choose: random.Random) -> None:
        kind = choose.random()
        if len(self._ids) < TASKS_MAX // 2 or (kind < 0.2 and len(self._ids) < TASKS_MAX):
            self._ids.append(await self.create(f"task {self.writes}"))
        elif kind < 0.8:
            change = {"title": f"changed {self.writes}", "status": choose.choice(STATUSES)}
            await self._call("PATCH", f"/api/tasks/{choose.choice(self._ids)}", change)
        else:
            gone = self._ids.pop(choose.randrange(len(self._ids)))
            await self._call("DELETE", f"/api/tasks/{gone}")

    async def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> None:
        is_repeated = False
        while True:
            try:
                answer = await self.client.request(method, path, json=body, timeout=_LIMIT_SECONDS)
            except httpx.TransportError:
                is_repeated = True
            else:
                if answer.is_success or (is_repeated and answer.status_code in _MADE_BEFORE):
                    return
                assert answer.status_code >= _TRANSIENT, f"{method} {path}: {answer.text}"
                is_repeated = True
            await asyncio.sleep(_RETRY_SECONDS)


async def check(copies: Sequence[Copy], writer: Writer, *, moving: Sequence[Copy] = ()) -> None:
    """The copies have what the server has, and came to it by sound steps.

    Args:
        moving: Those that only have tasks which are being worked on.
    """
    last = await writer.create("the last one")
    everybody = [*copies, *moving]
    await all_are(
        everybody, lambda copy: any(row["id"] == last for row in copy.rows.values()), "the last task"
    )
    assert [copy.problems for copy in everybody] == [[]] * len(everybody)
    expected = {tuple(str(task[column]) for column in COLUMNS) for task in await writer.tasks()}
    for copy in copies:
        assert copy.contents(*COLUMNS) == expected
    for copy in moving:
        assert copy.contents(*COLUMNS) == {
            row for row in expected if row[COLUMNS.index("status")] in WORKED_ON
        }
