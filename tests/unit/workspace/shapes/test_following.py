"""Which changes are asked for, and from when on a shape of a table may rely on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager

import pytest

from timeloom_platform.testing import eventually
from timeloom_workspace.shapes import following
from timeloom_workspace.shapes.changes import Committed
from timeloom_workspace.shapes.registered import EXECUTIONS, MEMORIES
from timeloom_workspace.shapes.tables import Registration


class Audience:
    """Wants what it is told to want."""

    def __init__(self) -> None:
        self.wanted: list[Registration] = []

    @property
    def is_there(self) -> bool:
        return True

    @property
    def publications(self) -> Collection[str]:
        return [each.publication for each in self.wanted]

    def take(self, committed: Committed) -> None:
        raise AssertionError(committed)

    def lose(self) -> None:
        pass

    def refuse(self, reason: str) -> None:
        raise AssertionError(reason)


class Slot:
    """Is read when the test says so, and remembers what was asked for."""

    publications = frozenset({EXECUTIONS.publication, MEMORIES.publication})
    tables = frozenset({EXECUTIONS.relation, MEMORIES.relation})

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self._reads = asyncio.Semaphore(0)

    def let_read(self) -> None:
        self._reads.release()

    async def read(self, publications: Collection[str], take: Callable[[Committed], None]) -> bool:
        del take
        self.asked.append(set(publications))
        await self._reads.acquire()
        return False


async def test_a_table_is_relied_on_from_the_first_read_that_asks_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slot, audience = Slot(), Audience()

    @asynccontextmanager
    async def open_stream(*_: object, **__: object) -> AsyncGenerator[Slot]:
        yield slot

    monkeypatch.setattr(following, "open_stream", open_stream)
    follower = following.Follower(url="", publications=[], address="", poll_seconds=0.001, audience=audience)
    audience.wanted = [EXECUTIONS]
    follower.want()
    running = asyncio.create_task(follower.run())
    try:
        await eventually(lambda: slot.asked == [{EXECUTIONS.publication}])
        await follower.names(EXECUTIONS)
        assert follower.knows_all_of(EXECUTIONS)

        # The read that goes on may be past changes of memories that a snapshot does not have, yet.
        audience.wanted = [EXECUTIONS, MEMORIES]
        named = asyncio.create_task(follower.names(MEMORIES))
        await asyncio.sleep(0)
        assert not named.done()
        slot.let_read()
        await named
        await eventually(lambda: slot.asked[-1] == {EXECUTIONS.publication, MEMORIES.publication})
        assert not follower.knows_all_of(MEMORIES)
        follower.note_all_known(MEMORIES)
        assert follower.knows_all_of(MEMORIES)

        audience.wanted = [MEMORIES]
        slot.let_read()
        await eventually(lambda: slot.asked[-1] == {MEMORIES.publication})
        assert not follower.knows_all_of(EXECUTIONS)
    finally:
        running.cancel()
        await asyncio.wait({running})
