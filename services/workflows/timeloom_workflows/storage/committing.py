"""Writing a batch of commits: one call of one function writes all of it, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from timeloom_workflows.engine.commands import (
    Advance,
    Ended,
    NewExecution,
    Parked,
    Requeued,
)
from timeloom_workflows.model import HistoryEntry, Status, Step
from timeloom_workflows.storage.rows import text_of
from timeloom_workflows.storage.system import SystemConnection

ADVANCE_COLUMNS: Final = 13
NEW_COLUMNS: Final = 25
STEP_COLUMNS: Final = 25
ENTRY_COLUMNS: Final = 7
ARGUMENTS: Final = 3 + ADVANCE_COLUMNS + NEW_COLUMNS + STEP_COLUMNS + ENTRY_COLUMNS + 1

COMMIT_BATCH: Final = f"""
SELECT commit_time, lengths, stages, inboxes, are_paused, are_cancelling, begun
FROM commit_batch({", ".join(f"${number}" for number in range(1, ARGUMENTS + 1))})
"""  # noqa: S608 - numbers of parameters

_RUNS: Final = 1
_PARKS: Final = 2
_IS_QUEUED: Final = 3
_ENDS: Final = 4


class Beginning(Struct, frozen=True):
    """An execution that is to begin, with its place among the advances if it is a child of one; else 0."""

    new: NewExecution
    parent_place: int = 0


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a batch, by place: first its advances, then what was to begin.

    Attributes:
        lengths: How long each history is now, or -1 where nothing was committed.
        begun: For what was to begin: its id, or that of the one that began with its key before; None if its
            version was not as it had to be.
    """

    time: datetime
    lengths: Sequence[int]
    stages: Sequence[int]
    inboxes: Sequence[int]
    are_paused: Sequence[bool]
    are_cancelling: Sequence[bool]
    begun: Sequence[UUID | None]


async def commit(
    connection: SystemConnection,
    *,
    batch_id: int,
    is_repeated: bool,
    engine_id: UUID,
    advances: Sequence[Advance],
    beginnings: Sequence[Beginning],
    events: Sequence[bytes],
) -> Outcome:
    """Commits a batch.

    Args:
        connection: Whose turn it is.
        batch_id: By which it is recognised if it is sent again.
        is_repeated: It was sent before, and nobody knows what became of it.
        engine_id: Who owns what begins as owned.
        advances: In the order of their keys, none of an execution that another one is of.
        beginnings: Executions that are to begin.
        events: For each advance and each beginning, the serialized `OutboxBatch` that tells of it.

    Raises:
        UnavailableError: Whether it was committed, nobody knows.
    """
    row = await connection.fetchrow(
        COMMIT_BATCH,
        batch_id,
        is_repeated,
        engine_id,
        *_advance_columns(advances),
        *_new_columns(beginnings),
        *_step_and_entry_columns(advances, beginnings),
        events,
    )
    assert row is not None, "the function returns a row"
    return _outcome_of(row)


def _outcome_of(row: asyncpg.Record) -> Outcome:
    return Outcome(
        time=row["commit_time"],
        lengths=row["lengths"],
        stages=row["stages"],
        inboxes=row["inboxes"] or (),
        are_paused=row["are_paused"] or (),
        are_cancelling=row["are_cancelling"] or (),
        begun=row["begun"],
    )


def _advance_columns(advances: Sequence[Advance]) -> Sequence[Sequence[Any]]:
    """The columns of advances, in the order of the function's parameters."""
    outcomes = [_outcome_columns(advance) for advance in advances]
    return (
        (
            [advance.project_id for advance in advances],
            [advance.execution_id for advance in advances],
            [advance.token for advance in advances],
            [advance.seen_inbox for advance in advances],
            *(list(column) for column in zip(*outcomes, strict=True)),
        )
        if advances
        else [()] * ADVANCE_COLUMNS
    )


_RUNNING_WITH_STEPS: Final = (_RUNS, 1, 0, None, 0, 0, False, None, None)
_RUNNING_WITHOUT_STEPS: Final = (_RUNS, 0, 0, None, 0, 0, False, None, None)


def _outcome_columns(advance: Advance) -> tuple[Any, ...]:
    """Outcome, delivery, inbox, due time, what it waits for, status, knows of cancelling, output, error."""
    outcome = advance.outcome
    if isinstance(outcome, Ended):
        error = None if outcome.failure is None else msgspec.json.encode(outcome.failure).decode()
        knows = outcome.knows_cancelling or outcome.status is Status.CANCELLED
        return (_ENDS, 1, 0, None, 0, outcome.status, knows, text_of(outcome.output), error)
    if isinstance(outcome, Parked):
        return (_PARKS, 1, outcome.inbox, outcome.due_time, outcome.waiting_for, 0, False, None, None)
    if isinstance(outcome, Requeued):
        delivery = 1 if advance.steps else -1 if outcome.is_forgiven else 0
        return (_IS_QUEUED, delivery, 0, None, 0, 0, False, None, None)
    return _RUNNING_WITH_STEPS if advance.steps else _RUNNING_WITHOUT_STEPS


def _new_columns(beginnings: Sequence[Beginning]) -> Sequence[Sequence[Any]]:
    if not beginnings:
        return [()] * NEW_COLUMNS
    news = [each.new for each in beginnings]
    return (
        [each.parent_place for each in beginnings],
        [new.project_id for new in news],
        [new.id for new in news],
        [new.workflow_id for new in news],
        [new.workflow_version for new in news],
        [new.version_check for new in news],
        [new.kind for new in news],
        [new.trigger for new in news],
        [new.trigger_id for new in news],
        [new.priority for new in news],
        [msgspec.json.encode(new.tags).decode() if new.tags else None for new in news],
        [text_of(new.attributes) for new in news],
        [new.owned for new in news],
        [new.held_back for new in news],
        [new.start_time for new in news],
        [new.deadline for new in news],
        [new.time_allowed for new in news],
        [new.idempotency_key for new in news],
        [new.parent.execution_id if new.parent else None for new in news],
        [new.parent.step_id if new.parent else None for new in news],
        [new.forked_from.execution_id if new.forked_from else None for new in news],
        [new.forked_from.step_id if new.forked_from else None for new in news],
        [new.traceparent for new in news],
        [None if new.flow is None else msgspec.json.encode(new.flow).decode() for new in news],
        [text_of(new.input) for new in news],
    )


def _step_and_entry_columns(
    advances: Sequence[Advance], beginnings: Sequence[Beginning]
) -> Sequence[Sequence[Any]]:
    """The columns of all steps, then those of all entries, which name the step that they tell of."""
    steps: list[tuple[Any, ...]] = []
    entries: list[tuple[Any, ...]] = []
    for place, advance in enumerate(advances, start=1):
        numbers: dict[str, int] = {}
        for step in _last_of_each(advance.steps):
            steps.append(_step_row(place, step))
            numbers[step.id] = len(steps)
        entries.extend(_entry_row(place, numbers.get(entry.step_id, 0), entry) for entry in advance.entries)
    for place, beginning in enumerate(beginnings, start=len(advances) + 1):
        steps.extend(_step_row(place, step) for step in _last_of_each(beginning.new.steps))
    return (*_columns(steps, STEP_COLUMNS), *_columns(entries, ENTRY_COLUMNS))


def _last_of_each(steps: Sequence[Step]) -> Sequence[Step]:
    """The steps, each once: what is said last of one counts."""
    return steps if len(steps) < 2 else tuple({step.id: step for step in steps}.values())


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count


def _entry_row(place: int, number: int, entry: HistoryEntry) -> tuple[Any, ...]:
    return (
        place,
        number,
        entry.type,
        entry.attempt,
        entry.time,
        entry.step_id,
        text_of(entry.attributes),
    )


def _step_row(place: int, step: Step) -> tuple[Any, ...]:
    return (
        place,
        step.id,
        step.position,
        step.type,
        step.status,
        step.waiting_for,
        step.stage,
        step.priority,
        step.attempt,
        step.token,
        step.owner,
        step.ready_time,
        step.wake_time,
        step.create_time,
        step.start_time,
        step.end_time,
        step.parent_id,
        step.task,
        step.waiting_name,
        text_of(step.details),
        step.worker_id,
        text_of(step.input),
        text_of(step.output),
        text_of(step.error),
        text_of(step.progress),
    )
