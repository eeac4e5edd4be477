"""Pausing, cancelling and forking executions while their drivers end them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable
from typing import TypeAlias
from uuid import UUID

import pytest

from tests.integration.workflows.hand import types_of
from tests.integration.workflows.service import Replica, step
from timeloom_platform import database
from timeloom_platform.errors import InvalidFieldError
from timeloom_workflows.control.forking import ForkChanges
from timeloom_workflows.engine.commands import Advanced, Ended, Running
from timeloom_workflows.engine.drivers import Claimed
from timeloom_workflows.errors import WrongStatusError
from timeloom_workflows.model import (
    Execution,
    HistoryEntry,
    HistoryType,
    Stage,
    Status,
    StepStatus,
)

Winner: TypeAlias = str
GROUP = 20


async def race(replica: Replica, action: str, count: int) -> Counter[Winner]:
    """Lets an action race against so many completions; returns who was first how often."""
    winners = Counter[Winner]()
    with pytest.MonkeyPatch.context() as patch:
        # More race than there are connections: on a busy machine they wait for one another.
        patch.setattr(database, "ACQUIRE_TIMEOUT_SECONDS", 60.0)
        for _ in range(0, count, GROUP):
            replica.ping.places = GROUP
            claimed = await asyncio.gather(*(replica.owned() for _ in range(GROUP)))
            # What a fork makes waits in the queue.
            replica.ping.places = 0
            winners.update(await asyncio.gather(*(_RACES[action](replica, each) for each in claimed)))
    return winners


async def pause(replica: Replica, claimed: Claimed) -> Winner:
    """Whoever pauses is refused if the end was first; if not, the end is taken only after resuming."""
    outcome, advanced = await _both(replica, claimed, _pause(replica, claimed.execution.id))
    if advanced.stage == Stage.ENDED:
        assert isinstance(outcome, WrongStatusError), repr(outcome)
        await _assert_ended(replica, claimed, Status.SUCCEEDED)
        return "completion"
    assert isinstance(outcome, Execution)
    assert (outcome.status, advanced.stage, advanced.paused) == (Status.PAUSED, Stage.OWNED, True)
    await replica.assembly.hand.controls.resume(replica.project_id, claimed.execution.id)
    again = await replica.advance(claimed, Ended(status=Status.SUCCEEDED))
    assert again.stage == Stage.ENDED
    await _assert_ended(replica, claimed, Status.SUCCEEDED)
    return "action"


async def cancel(replica: Replica, claimed: Claimed) -> Winner:
    """Whoever cancels is refused if the end was first; if not, the driver ends it as cancelled."""
    outcome, advanced = await _both(replica, claimed, _cancel(replica, claimed.execution.id))
    if advanced.stage == Stage.ENDED:
        assert isinstance(outcome, WrongStatusError), repr(outcome)
        await _assert_ended(replica, claimed, Status.SUCCEEDED)
        return "completion"
    assert isinstance(outcome, Execution)
    assert (outcome.cancelling, advanced.stage, advanced.cancelling) == (True, Stage.OWNED, True)
    again = await replica.advance(claimed, Ended(status=Status.CANCELLED))
    assert again.stage == Stage.ENDED
    await _assert_ended(replica, claimed, Status.CANCELLED)
    return "action"


async def fork(replica: Replica, claimed: Claimed) -> Winner:
    """A fork after the last step finds it if the end was first, and else is told that there is none."""
    await replica.advance(claimed, Running(), steps=[step(claimed, "one", output=b"1")])
    outcome, advanced = await _both(replica, claimed, _fork(replica, claimed.execution.id))
    assert advanced.stage == Stage.ENDED
    await _assert_ended(replica, claimed, Status.SUCCEEDED, step_count=2)
    if not isinstance(outcome, Execution):
        assert isinstance(outcome, InvalidFieldError), repr(outcome)
        return "action"
    had = await replica.steps(outcome.id)
    assert [(each.id, each.output) for each in had] == [("one", b"1"), ("last", b"2")]
    assert (outcome.stage, outcome.step_count, outcome.succeeded_step_count) == (Stage.QUEUED, 2, 2)
    history = await replica.history(claimed.execution.id)
    assert history[-1].type == HistoryType.EXECUTION_FORKED
    return "completion"


_RACES = {"pause": pause, "cancel": cancel, "fork": fork}


async def _both(
    replica: Replica, claimed: Claimed, action: Awaitable[Execution]
) -> tuple[Execution | BaseException, Advanced]:
    outcome, advanced = await asyncio.gather(action, _complete(replica, claimed), return_exceptions=True)
    assert isinstance(advanced, Advanced), advanced
    assert advanced.committed
    return outcome, advanced


async def _complete(replica: Replica, claimed: Claimed) -> Advanced:
    await asyncio.sleep(random.random() * 0.02)
    return await replica.advance(
        claimed,
        Ended(status=Status.SUCCEEDED, output=b"1"),
        steps=[step(claimed, "last", position=2, output=b"2")],
        entries=[HistoryEntry(type=HistoryType.STEP_SUCCEEDED, step_id="last", attempt=1)],
    )


async def _pause(replica: Replica, execution_id: UUID) -> Execution:
    return await replica.assembly.hand.controls.pause(replica.project_id, execution_id)


async def _cancel(replica: Replica, execution_id: UUID) -> Execution:
    return await replica.assembly.hand.controls.cancel(replica.project_id, execution_id)


async def _fork(replica: Replica, execution_id: UUID) -> Execution:
    return await replica.assembly.hand.forking.fork(
        replica.project_id, execution_id, step_id="last", changes=ForkChanges()
    )


async def _assert_ended(replica: Replica, claimed: Claimed, status: Status, *, step_count: int = 1) -> None:
    execution = await replica.execution(claimed.execution.id)
    assert (execution.status, execution.stage, execution.paused) == (status, Stage.ENDED, False)
    steps = await replica.steps(claimed.execution.id)
    assert [each.status for each in steps] == [StepStatus.SUCCEEDED] * step_count
    assert (execution.step_count, execution.succeeded_step_count) == (step_count, step_count)
    types = await types_of(replica, claimed.execution.id)
    assert types.count(HistoryType.STEP_SUCCEEDED) == 1
    assert types.count(HistoryType.EXECUTION_SUCCEEDED) == (status == Status.SUCCEEDED)
    assert types.count(HistoryType.EXECUTION_CANCELLED) == (status == Status.CANCELLED)
