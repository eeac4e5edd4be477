"""What goes together in a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from timeloom_workflows.engine.batches import (
    BYTES_MAX,
    ROWS_MAX,
    AdvanceRequest,
    Batch,
    Pending,
    StartRequest,
)
from timeloom_workflows.engine.commands import Advance, Running

PROJECT = uuid4()
IDS = [uuid4() for _ in range(4)]


def advance(execution_id: UUID | None = None, *, rows: int = 1, size_bytes: int = 100) -> AdvanceRequest:
    outcome = Advance(project_id=PROJECT, execution_id=execution_id or uuid4(), token=1, outcome=Running())
    return AdvanceRequest(outcome, asyncio.Future(), (b"",), rows, size_bytes)


def start(*, rows: int = 1) -> StartRequest:
    return StartRequest((), asyncio.Future(), (), rows, 100)


def pending(*requests: AdvanceRequest | StartRequest) -> Pending:
    waiting = Pending()
    for request in requests:
        waiting.put(request)
    return waiting


def ids(batch: Batch) -> Sequence[UUID]:
    return [request.advance.execution_id for request in batch.advances]


async def test_all_that_waits_goes_together_in_the_order_of_locks() -> None:
    requests = [advance() for _ in range(50)]
    beginning = start()

    batch = pending(*requests, beginning).take(1)

    assert ids(batch) == sorted(request.advance.execution_id for request in requests)
    assert batch.starts == [beginning]


async def test_a_second_commit_of_an_execution_waits_for_the_first() -> None:
    first, second, other = advance(IDS[0]), advance(IDS[0]), advance(IDS[1])
    waiting = pending(first, second, other)

    batch = waiting.take(1)
    assert set(map(id, batch.advances)) == {id(first), id(other)}
    assert waiting.take(2).requests == []
    waiting.forget(batch)
    assert waiting.take(3).advances == [second]


async def test_what_is_too_much_waits() -> None:
    waiting = pending(advance(rows=ROWS_MAX), advance(size_bytes=BYTES_MAX), advance(), advance())

    taken = [len(waiting.take(number).advances) for number in range(4)]

    assert taken == [1, 1, 2, 0]


async def test_what_is_larger_than_a_batch_goes_alone() -> None:
    large = start(rows=5 * ROWS_MAX)

    assert pending(large, advance()).take(1).requests == [large]


async def test_after_a_refusal_each_goes_alone() -> None:
    requests = [advance() for _ in range(3)]
    waiting = pending(*requests)

    waiting.put_back(waiting.take(1))

    assert [len(waiting.take(number).advances) for number in range(4)] == [1, 1, 1, 0]


async def test_nobody_begins_what_nobody_waits_for() -> None:
    left = start()
    left.answer.cancel()

    assert pending(left, advance()).take(1).starts == []


@given(order=st.lists(st.integers(0, len(IDS) - 1), max_size=40), parallel=st.integers(1, 3))
def test_the_commits_of_an_execution_keep_their_order(order: list[int], parallel: int) -> None:
    async def run() -> None:
        requests = [advance(IDS[number]) for number in order]
        waiting, under_way, committed = pending(*requests), list[Batch](), list[AdvanceRequest]()
        while waiting or under_way:
            batch = waiting.take(1)
            assert len(ids(batch)) == len(set(ids(batch)))
            if batch.requests:
                under_way.append(batch)
            if not batch.requests or len(under_way) == parallel:
                settled = under_way.pop(0)
                committed.extend(settled.advances)
                waiting.forget(settled)
        for execution_id in IDS:
            assert [each for each in committed if each.advance.execution_id == execution_id] == [
                each for each in requests if each.advance.execution_id == execution_id
            ]

    asyncio.run(run())
