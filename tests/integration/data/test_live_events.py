"""Following telemetry: many share one subscription, and who is slow catches up, or is told what it missed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event, EventFilter, EventKind
from timeloom_platform import ids
from timeloom_platform.bus import Bus, PositionDroppedError
from timeloom_platform.live_events import LiveEvents, Told

LLM, TOOL = EventKind.EVENT_KIND_LLM, EventKind.EVENT_KIND_TOOL
ANY = EventFilter()
CALLS = EventFilter(kinds=[LLM])


class Reader:
    """Follows, and notes what was made for whom."""

    def __init__(self, bus: Bus, **limits: int) -> None:
        self.rendered: list[list[str]] = []
        self.live = LiveEvents(bus, self._render, **limits)

    def _render(self, _fact: events_pb2.Event, events: Sequence[Event]) -> list[str]:
        names = [event.name for event in events]
        self.rendered.append(names)
        return names


async def tell(bus: Bus, project_id: str, *names: str, kind: EventKind.ValueType = LLM) -> None:
    """Tells of events, as the observability service does."""
    recorded = events_pb2.EventsRecorded(events=[Event(name=name, kind=kind) for name in names])
    await bus.publish(
        events_pb2.Event(id=str(ids.uuid7()), project_id=project_id, topic="events", events_recorded=recorded)
    )


async def read(following: AsyncGenerator[Told[list[str]]], count: int) -> list[Told[list[str]]]:
    """Takes what comes next; the following goes on."""
    async with asyncio.timeout(30):
        return [await anext(following) for _ in range(count)]


async def test_followers_with_the_same_filter_share_what_is_made_for_them(bus: Bus, project_id: str) -> None:
    reader = Reader(bus)
    position = await reader.live.position()
    followers = [reader.live.follow(project_id, each, position=position) for each in (CALLS, CALLS, ANY)]
    waiting = [asyncio.create_task(read(each, 2)) for each in followers]

    await tell(bus, project_id, "a")
    await tell(bus, project_id, "skipped", kind=TOOL)
    await tell(bus, project_id, "b", "c")

    calls, same, everything = [[told.content for told in each] for each in await asyncio.gather(*waiting)]
    assert calls == same == [["a"], ["b", "c"]]
    assert everything == [["a"], ["skipped"]]
    assert sorted(reader.rendered) == [["a"], ["a"], ["b", "c"], ["skipped"]]
    for follower in followers:
        await follower.aclose()


async def test_other_projects_and_facts_of_services_are_not_among_them(bus: Bus, project_id: str) -> None:
    reader = Reader(bus)
    position = await reader.live.position()
    await tell(bus, str(ids.uuid7()), "another's")
    await tell(bus, project_id, "own")

    async with aclosing(reader.live.follow(project_id, ANY, position=position)) as following:
        assert [told.content for told in await read(following, 1)] == [["own"]]


async def test_a_follower_resumes_after_its_position(bus: Bus, project_id: str) -> None:
    reader = Reader(bus)
    start = await reader.live.position()
    for number in range(4):
        await tell(bus, project_id, str(number))
    async with aclosing(reader.live.follow(project_id, ANY, position=start)) as following:
        seen = await read(following, 2)

        async with aclosing(reader.live.follow(project_id, ANY, position=seen[-1].position)) as again:
            assert [told.content for told in await read(again, 2)] == [["2"], ["3"]]


async def test_who_falls_behind_misses_nothing(bus: Bus, project_id: str) -> None:
    reader = Reader(bus, ring_messages_max=4)
    position = await reader.live.position()
    slow = reader.live.follow(project_id, ANY, position=position)
    quick = reader.live.follow(project_id, ANY, position=position)
    names = [str(number) for number in range(30)]
    async with aclosing(slow), aclosing(quick):
        await tell(bus, project_id, names[0])
        seen = await read(slow, 1)
        for name in names[1:]:
            await tell(bus, project_id, name)
        assert [told.content for told in await read(quick, 30)] == [[name] for name in names]

        seen += await read(slow, 29)

    assert [told.content for told in seen] == [[name] for name in names]
    assert {told.skipped_count for told in seen} == {0}


async def test_who_skips_goes_on_with_what_is_new_and_learns_how_much_was_left_out(
    bus: Bus, project_id: str
) -> None:
    reader = Reader(bus, ring_messages_max=4)
    position = await reader.live.position()
    numbers = itertools.count()
    seen: list[Told[list[str]]] = []
    async with aclosing(reader.live.follow(project_id, CALLS, position=position, skips=True)) as following:
        await tell(bus, project_id, str(next(numbers)))
        seen += await read(following, 1)
        while seen[-1].skipped_count == 0:
            for _ in range(10):
                await tell(bus, project_id, str(next(numbers)))
                await tell(bus, project_id, "of another kind", kind=TOOL)
            seen += await read(following, 1)

    assert sum(told.skipped_count + len(told.content) for told in seen) == int(seen[-1].content[0]) + 1


@pytest.mark.parametrize("beyond", [-(10**9), 10**9])
async def test_a_position_that_is_not_kept_is_told(bus: Bus, project_id: str, beyond: int) -> None:
    reader = Reader(bus)
    position = await reader.live.position() + beyond
    with pytest.raises(PositionDroppedError):
        await anext(reader.live.follow(project_id, ANY, position=position))
