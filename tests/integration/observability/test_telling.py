"""What is committed is told, once, as lists show it."""

from __future__ import annotations

from uuid import uuid4

from tests.integration.observability.events import span
from tests.integration.observability.service import Service
from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event
from timeloom_observability.model import EventKind
from timeloom_observability.showing import LISTED, listed_message
from timeloom_observability.telling import CHUNK_BYTES, merged
from timeloom_platform.bus import EVENT_BYTES_MAX


def recorded(facts: list[events_pb2.Event]) -> list[Event]:
    return [event for fact in facts for event in fact.events_recorded.events]


async def test_events_are_told_as_lists_show_them(service: Service) -> None:
    call = span(
        service.project_id, 1, kind=EventKind.LLM, model="m", input=b'"secret"', attributes=b'{"a":"secret"}'
    )
    tool = span(service.project_id, 2, parent=1, kind=EventKind.TOOL, tool_name="search", tags=("a", "b"))

    await service.take([call, tool])
    await service.take([call, tool])

    told = await service.told()
    async with service.rows() as connection:
        rows = await connection.fetch(f"SELECT {LISTED} FROM events ORDER BY span_id")
    assert [fact.topic for fact in told] == ["events"]
    assert recorded(told) == [listed_message(row) for row in rows]
    assert b"secret" not in told[0].SerializeToString()


async def test_a_large_commit_is_told_in_parts_that_the_bus_takes(service: Service) -> None:
    events = [span(service.project_id, number, message="ä" * 10_000) for number in range(1, 61)]

    await service.take(events)

    told = await service.told()
    assert [event.id for event in recorded(told)] == [str(event.id) for event in events]
    assert len(told) > 1
    assert max(fact.ByteSize() for fact in told) < EVENT_BYTES_MAX


def test_small_messages_are_told_as_one_that_has_the_id_of_the_later() -> None:
    def fact(name: str, message: str = "") -> events_pb2.Event:
        told = events_pb2.EventsRecorded(events=[Event(name=name, message=message)])
        return events_pb2.Event(id=str(uuid4()), topic="events", events_recorded=told)

    first, second, large = fact("a"), fact("b"), fact("c", CHUNK_BYTES * "x")

    both = merged(first, second)

    assert both is not None
    assert (both.id, [each.name for each in both.events_recorded.events]) == (second.id, ["a", "b"])
    assert merged(both, large) is None
    assert merged(both, events_pb2.Event(topic="events")) is None
