"""What an engine holds, and who waits for its ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID, uuid4

import pytest

from timeloom_workflows.engine.drivers import Driver
from timeloom_workflows.engine.held import Held, Holdings
from timeloom_workflows.engine.waiters import Waiters

NOBODY = cast("Driver", None)


def held(token: int = 1) -> Held:
    return Held(
        project_id=uuid4(),
        id=uuid4(),
        token=token,
        workflow_id="greet",
        driver=NOBODY,
        inbox=0,
        history_length=2,
    )


def test_turns_reach_everybody() -> None:
    holdings = Holdings()
    all_held = [held() for _ in range(10)]
    for each in all_held:
        holdings.add(each)

    turns = [holdings.take_turn(4) for _ in range(3)]

    assert [len(turn) for turn in turns] == [4, 4, 2]
    assert [each for turn in turns for each in turn] == all_held
    assert holdings.take_turn(4) == all_held[:4]


def test_it_lets_go_only_of_what_it_holds_under_this_token() -> None:
    holdings, mine = Holdings(), held(token=3)
    holdings.add(mine)

    assert holdings.remove(mine.id, 2) is None
    assert holdings.remove(mine.id, 3) is mine
    assert holdings.get(mine.id) is None


async def test_everybody_who_waits_for_an_end_is_told_once() -> None:
    waiters, project_id, execution_id = Waiters(), uuid4(), uuid4()
    waiting = [asyncio.ensure_future(waiters.wait(project_id, execution_id, 60)) for _ in range(3)]
    other = asyncio.ensure_future(waiters.wait(project_id, uuid4(), 0.01))
    await asyncio.sleep(0)

    waiters.tell(execution_id)

    assert await asyncio.gather(*waiting) == [True] * 3
    assert await other is False
    assert len(waiters) == 0


async def test_who_waits_is_sent_home_when_the_service_stops() -> None:
    waiters = Waiters()
    waiting = asyncio.ensure_future(waiters.wait(uuid4(), uuid4(), 60))
    await asyncio.sleep(0)

    waiters.close()

    assert await waiting is False


async def test_ends_that_nobody_told_of_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("timeloom_workflows.engine.waiters.POLL_SECONDS", 0)
    waiters, key = Waiters(), (uuid4(), uuid4())
    asked = list[Sequence[tuple[UUID, UUID]]]()

    async def select_ended(wanted: Sequence[tuple[UUID, UUID]]) -> list[UUID]:
        asked.append(wanted)
        return [key[1]]

    looking = asyncio.ensure_future(waiters.look(select_ended))
    assert await waiters.wait(*key, 60)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)

    assert asked == [[key]]
