"""Brings the execution of a trace to what the trace is by now. Repeating it, anywhere, changes nothing.

What is recorded is compared with what is to be, snapshot by snapshot and by the hashes of their states. What
is missing is added, be it that a process died or that spans came late; where something else is recorded, the
execution branches off before it, so that it shows the trace in the order in which it went on.
"""

from __future__ import annotations

import asyncio
from typing import Final
from uuid import UUID

import grpc.aio

from timeloom.snapshots.v1 import snapshots_pb2
from timeloom_observability.ids import execution_of
from timeloom_observability.model import Event
from timeloom_observability.travel import storage
from timeloom_observability.travel.chronicle import Chronicle
from timeloom_observability.travel.model import Projection, Told
from timeloom_observability.travel.steps import Step, common_length, key_of, steps_of, way_to
from timeloom_platform.database import Database

STEPS_AT_ONCE: Final = 200
"""Snapshots that travel in one call, and how many bytes of them at most, if one alone has fewer."""
BYTES_AT_ONCE: Final = 4 * 1024 * 1024


class Projector:
    """Makes executions of traces."""

    def __init__(self, *, database: Database, snapshots: grpc.aio.Channel) -> None:
        self._database = database
        self._snapshots = snapshots

    async def project(self, projection: Projection) -> None:
        """Makes an execution of a trace, unless it is one that says to be recorded elsewhere.

        Raises:
            UnavailableError: The snapshots service, or the database, is away.
            grpc.aio.AioRpcError: The snapshots service refuses something; or others were faster.
        """
        project_id = projection.project_id
        async with self._database.reading(str(project_id)) as connection:
            told = await storage.select_trace(connection, project_id, projection.trace_id)
        execution_id: UUID | None = execution_of(project_id, projection.trace_id)
        root = _root_of(told) if told is not None else None
        if told is None or root is None or told.execution_id not in (None, execution_id):
            execution_id = None
        else:
            chronicle = Chronicle(self._snapshots, project_id, execution_of(project_id, told.id))
            await _bring_up(chronicle, told, root)
        async with self._database.transaction(str(project_id)) as connection:
            await storage.finish(connection, projection, execution_id)


async def _bring_up(chronicle: Chronicle, told: Told, root: Event) -> None:
    # In a thread, because a long trace takes a while.
    steps = await asyncio.to_thread(steps_of, told)
    execution = await chronicle.open(told, root)
    recorded = await chronicle.recorded() if execution.snapshot_count else []
    way = way_to(execution.head_sequence, recorded)
    length = common_length(way, steps)
    has_ended = execution.status != snapshots_pb2.EXECUTION_STATUS_RUNNING
    if length == len(way) == len(steps):
        if not has_ended:
            await chronicle.complete(root, execution)
        return
    head, parent = execution.head_sequence, way[length - 1].sequence if length else 0
    if has_ended:
        # An execution cannot go back to before its first snapshot: its first step branches off there.
        await chronicle.reopen(sequence=parent or head, head=head)
        head = parent or head
    used = {each.key for each in recorded}
    batch: list[tuple[str, Step]] = []
    size = 0
    for step in steps[length:]:
        if batch and (len(batch) == STEPS_AT_ONCE or size + len(step.delta) > BYTES_AT_ONCE):
            head = parent = await chronicle.record(batch, parent=parent, is_branch=parent != head)
            batch, size = [], 0
        key = key_of(step, used)
        used.add(key)
        batch.append((key, step))
        size += len(step.delta)
    if batch:
        await chronicle.record(batch, parent=parent, is_branch=parent != head)
    await chronicle.complete(root, execution)


def _root_of(told: Told) -> Event | None:
    return next((span for span in told.spans if span.span_id == told.root_span_id), None)
