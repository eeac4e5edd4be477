"""Which execution keeps which thread.

As a rule that needs no look: an execution's id is made of the thread's id and its checkpoint namespace.
Where it is not, the execution is found by its session, which is the thread's id:

- it was forked from another thread's, under an id of its own;
- the thread was deleted, and began anew while forks still stood on what it had been.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from timeloom.aio import AsyncTimeloom
from timeloom.errors import AlreadyExistsError, ConflictError, NotFoundError
from timeloom.langgraph.codec import ThreadRef
from timeloom.resources import Execution

EXECUTION_NAMESPACE: Final = uuid.UUID("6d0f3b54-7f0e-5c1b-9a51-0c6a6f1d2e77")
"""Execution ids are UUIDv5 in this namespace, of the JSON array of thread id and checkpoint namespace."""

EXECUTION_TAG: Final = "langgraph"

BEGINNINGS_MAX: Final = 100
"""How often a thread may begin anew whose deleted executions others still stand on."""

SESSION_ID_LENGTH_MAX: Final = 200
NAME_LENGTH_MAX: Final = 500


class Directory:
    """Finds and creates the executions of threads. Belongs to the event loop of its client."""

    def __init__(self, client: AsyncTimeloom, *, agent_id: str) -> None:
        self._client = client
        self._agent_id = agent_id

    async def create(self, ref: ThreadRef) -> str:
        """Create the execution of a thread, if it has none, and return its id."""

        async def create(execution_id: str) -> Execution:
            return await self._client.executions.create(
                execution_id=execution_id,
                agent_id=self._agent_id,
                session_id=session_id_of(ref.thread_id),
                name=name_of(ref),
                tags=(EXECUTION_TAG,),
                metadata=metadata_of(ref),
            )

        execution_id, _ = await self.begin(ref, create)
        return execution_id

    async def begin(self, ref: ThreadRef, create: Callable[[str], Awaitable[Execution]]) -> tuple[str, bool]:
        """Create a thread's execution under the first id that is free for it.

        Returns:
            The id, and whether it is new.

        Raises:
            ConflictError: Every id that it may have is taken by a deleted execution.
        """
        for beginning in range(BEGINNINGS_MAX):
            execution_id = execution_id_of(ref, beginning)
            try:
                await create(execution_id)
            except AlreadyExistsError:
                # It was recorded before, perhaps under another agent; or it was deleted, and forks need it.
                if await self._exists(execution_id):
                    return execution_id, False
            else:
                return execution_id, True
        raise ConflictError(f"Thread {ref.thread_id!r} was deleted and begun anew too often")

    async def find(self, ref: ThreadRef) -> str | None:
        """Return the id of the execution of a thread, if it is not the usual one; None if there is none."""
        async for execution in self.executions(ref.thread_id, ref.checkpoint_ns):
            return execution.id
        return None

    async def executions(self, thread_id: str | None, checkpoint_ns: str | None) -> AsyncIterator[Execution]:
        """Yield the executions of one thread or of all threads, those that changed last first."""
        if thread_id is None:
            async for execution in self._tagged():
                if await self._is_current(execution):
                    yield execution
            return
        current: dict[ThreadRef, Execution] = {}
        async for execution in self.session(thread_id):
            ref = ref_of(execution)
            if checkpoint_ns in (None, ref.checkpoint_ns) and ref not in current:
                current[ref] = execution
        for execution in sorted(current.values(), key=lambda found: found.update_time, reverse=True):
            yield execution

    async def session(self, thread_id: str) -> AsyncIterator[Execution]:
        """Yield all executions of a thread: the one that keeps a namespace before older ones of it."""
        found = [
            execution
            async for execution in self._client.executions.list(session_id=session_id_of(thread_id))
            if _is_of_langgraph(execution) and ref_of(execution).thread_id == thread_id
        ]
        found.sort(key=lambda execution: (_is_usual(execution), execution.create_time), reverse=True)
        for execution in found:
            yield execution

    def _tagged(self) -> AsyncIterator[Execution]:
        return aiter(self._client.executions.list(tags=(EXECUTION_TAG,), order_by="update_time desc"))

    async def _is_current(self, execution: Execution) -> bool:
        if not _is_of_langgraph(execution):
            return False
        return _is_usual(execution) or await self.find(ref_of(execution)) == execution.id

    async def _exists(self, execution_id: str) -> bool:
        try:
            await self._client.executions.get(execution_id)
        except NotFoundError:
            return False
        return True


def execution_id_of(ref: ThreadRef, beginning: int = 0) -> str:
    """Return the id that a thread's execution has as a rule, or has after some deletions."""
    parts: list[Any] = [ref.thread_id, ref.checkpoint_ns]
    return str(uuid.uuid5(EXECUTION_NAMESPACE, json.dumps(parts + [beginning] * bool(beginning))))


def ref_of(execution: Execution) -> ThreadRef:
    """Return the thread that an execution keeps: a fork's is named by its session."""
    thread_id: str = execution.metadata["threadId"]
    if session_id_of(thread_id) != execution.session_id:
        thread_id = execution.session_id
    return ThreadRef(thread_id, execution.metadata["checkpointNs"])


def metadata_of(ref: ThreadRef) -> dict[str, str]:
    """Return the metadata of a thread's execution."""
    return {"threadId": ref.thread_id, "checkpointNs": ref.checkpoint_ns}


def name_of(ref: ThreadRef) -> str:
    """Return what people see of a thread."""
    return f"{ref.thread_id} {ref.checkpoint_ns}".strip()[:NAME_LENGTH_MAX]


def session_id_of(thread_id: str) -> str:
    """Return the session of a thread's executions: its id, or as much as fits."""
    return thread_id[:SESSION_ID_LENGTH_MAX]


def _is_usual(execution: Execution) -> bool:
    return execution.id == execution_id_of(ref_of(execution))


def _is_of_langgraph(execution: Execution) -> bool:
    match execution.metadata:
        case {"threadId": str(), "checkpointNs": str()}:
            return True
        case _:
            return False
