"""Searches go side by side, changes alone, and nobody overtakes who waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from timeloom_memory.index.gate import Gate

Way = Callable[[], AbstractAsyncContextManager[None]]


class Visitor:
    """Somebody who enters by a way, and stays until told to go."""

    def __init__(self, way: Way) -> None:
        self.is_in = False
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(way))

    async def _visit(self, way: Way) -> None:
        async with way():
            self.is_in = True
            await self._leave.wait()
        self.is_in = False

    async def go(self) -> None:
        self._leave.set()
        await self.task
        await turn()


async def turn() -> None:
    """Lets everybody do what they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def arrivals(*ways: Way) -> list[Visitor]:
    visitors = [Visitor(way) for way in ways]
    await turn()
    return visitors


async def test_readers_come_together_and_a_writer_alone() -> None:
    gate = Gate()
    first, second, writer, late = await arrivals(gate.reading, gate.reading, gate.writing, gate.reading)
    assert [visitor.is_in for visitor in (first, second, writer, late)] == [True, True, False, False]
    await first.go()
    await second.go()
    assert [writer.is_in, late.is_in] == [True, False]
    await writer.go()
    assert late.is_in
    await late.go()


async def test_one_who_gives_up_lets_the_next_in() -> None:
    gate = Gate()
    reader, writer, late = await arrivals(gate.reading, gate.writing, gate.reading)
    writer.task.cancel()
    await turn()
    assert late.is_in
    await reader.go()
    await late.go()


async def test_one_who_gives_up_while_another_leaves_lets_the_next_in() -> None:
    gate = Gate()
    holder, writer, late = await arrivals(gate.writing, gate.writing, gate.writing)
    writer.task.cancel()
    await holder.go()
    assert (writer.task.cancelled(), late.is_in) == (True, True)
    await late.go()


async def test_one_who_gives_up_in_the_moment_of_admission_lets_the_next_in() -> None:
    gate = Gate()
    async with gate.writing():
        writer, late = await arrivals(gate.writing, gate.writing)
    # Its turn is granted, and it has not run since.
    writer.task.cancel()
    await turn()
    assert (writer.task.cancelled(), late.is_in) == (True, True)
    await late.go()


async def test_a_reader_need_not_wait_for_readers() -> None:
    gate = Gate()
    (reader,) = await arrivals(gate.reading)
    assert gate.is_open
    await reader.go()
    (writer,) = await arrivals(gate.writing)
    assert not gate.is_open
    await writer.go()
