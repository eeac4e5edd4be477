"""Events of telemetry over WebSocket and server-sent events: filtered by the gateway, in order, resumable."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.integration.gateway.house import House, Tenant
from tests.integration.gateway.test_live import Socket, bus, open_socket, socket
from tests.integration.gateway.test_streams import frames
from timeloom.events.v1 import events_pb2
from timeloom.observability.v1.observability_pb2 import Event, EventKind, EventStatus
from timeloom_platform import ids
from timeloom_platform.bus import Bus

pytestmark = pytest.mark.asyncio(loop_scope="module")
__all__ = ["bus", "socket"]

LLM, TOOL = EventKind.EVENT_KIND_LLM, EventKind.EVENT_KIND_TOOL
FAILED = EventStatus.EVENT_STATUS_ERROR


async def tell(bus: Bus, tenant: Tenant, *events: Event) -> None:
    """Tells of events, as the observability service does."""
    fact = events_pb2.Event(id=str(ids.uuid7()), project_id=tenant.project_id, topic="events")
    fact.events_recorded.events.extend(events)
    await bus.publish(fact, deadline_seconds=60)


def names(event: dict[str, Any]) -> list[str]:
    return [each["name"] for each in event["eventsRecorded"]["events"]]


TOPICS = [
    "events?kinds=LLM&statuses=ERROR",
    "events?filter.kinds=LLM&filter.statuses=ERROR",
    "events?filter.kinds=EVENT_KIND_LLM&filter.statuses=ERROR",
    'events?filter={"kinds":["LLM"],"statuses":["ERROR"]}',
    "events?filter=" + quote('{"kinds": ["LLM"], "statuses": ["ERROR"]}'),
]


@pytest.mark.parametrize("topic", TOPICS)
async def test_a_filter_leaves_out_what_it_does_not_mean(
    bus: Bus, socket: Socket, tenant: Tenant, other_tenant: Tenant, topic: str
) -> None:
    answer = await socket.ask(type="subscribe", id="calls", topic=topic)
    assert (answer["type"], answer["topic"]) == ("subscribed", topic)
    await tell(bus, other_tenant, Event(name="another's", kind=LLM, status=FAILED))
    await tell(bus, tenant, Event(name="tool", kind=TOOL, status=FAILED))
    await tell(
        bus, tenant, Event(name="fine", kind=LLM), Event(name="failed", kind=LLM, status=FAILED, model="m")
    )
    await tell(bus, tenant, Event(name="later", kind=LLM, status=FAILED))

    first, second = await socket.receive(), await socket.receive()

    assert (first["kind"], first["event"]["topic"]) == ("eventsRecorded", "events")
    (shown,) = first["event"]["eventsRecorded"]["events"]
    assert (shown["name"], shown["kind"], shown["status"], shown["model"]) == ("failed", "LLM", "ERROR", "m")
    assert names(second["event"]) == ["later"]
    assert int(answer["position"]) < int(first["position"]) < int(second["position"])


async def test_a_subscription_resumes_after_its_position(bus: Bus, socket: Socket, tenant: Tenant) -> None:
    await socket.ask(type="subscribe", id="all", topic="events")
    for name in ("a", "b", "c"):
        await tell(bus, tenant, Event(name=name, kind=TOOL))
    events = [await socket.receive() for _ in range(3)]
    assert [names(event["event"]) for event in events] == [["a"], ["b"], ["c"]]
    await socket.ask(type="unsubscribe", id="all")

    again = {"type": "subscribe", "id": "again", "topic": "events?filter.kinds=TOOL"}
    await socket.ask(**again, position=events[0]["position"])

    assert [names((await socket.receive())["event"]) for _ in range(2)] == [["b"], ["c"]]


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        ("events?filter.kinds=MODEL", "filter.kinds"),
        ("events?filter.color=red", "filter.color"),
        ("events?kinds=LLM&color=red", "filter.color"),
        ("events?position=1", "filter.position"),
        ("events?filter.attributes=a%3Db", "filter.attributes"),
        ("events?filter.executionId=one", "filter.executionId"),
        ('events?filter={"kinds":["MODEL"]}', "filter.kinds[0]"),
        ('events?filter={"color":1}', "filter.color"),
        ("events?filter={}&filter={}", "filter"),
        ("events?filter={}&filter.kinds=LLM", "filter"),
        ("events?filter.names=" + 9_000 * "x", "topic"),
        ("events?names=%FF", "topic"),
        ("events/one", "topic"),
    ],
)
async def test_a_filter_that_is_wrong_names_its_field(socket: Socket, topic: str, field: str) -> None:
    answer = await socket.ask(type="subscribe", id="wrong", topic=topic)

    assert answer["problem"]["code"] == "INVALID_FIELD"
    assert [each["field"] for each in answer["problem"]["violations"]] == [field]


async def test_a_filter_that_is_not_json_is_malformed(socket: Socket) -> None:
    answer = await socket.ask(type="subscribe", id="wrong", topic='events?filter={"kinds":')
    assert answer["problem"]["code"] == "MALFORMED_JSON"


async def test_an_event_stream_is_filtered_and_resumes(house: House, bus: Bus, tenant: Tenant) -> None:
    address = "/api/stream?topic=" + quote("events?filter.names=one&filter.names=two", safe="")
    async with house.client(tenant) as api:
        async with api.stream("GET", address) as answer:
            arriving = frames(answer)
            for name in ("one", "none", "two"):
                await tell(bus, tenant, Event(name=name))
            first = await anext(arriving)
        async with api.stream("GET", address, headers={"last-event-id": first["id"]}) as answer:
            second = await anext(frames(answer))

    assert [(each["event"], names(each["data"])) for each in (first, second)] == [
        ("eventsRecorded", ["one"]),
        ("eventsRecorded", ["two"]),
    ]


async def test_telemetry_is_followed_alone(house: House, tenant: Tenant) -> None:
    async with house.client(tenant) as api:
        answer = await api.get("/api/stream?topic=events&topic=executions")
    assert (answer.status_code, answer.json()["violations"][0]["field"]) == (400, "topic")


@pytest_asyncio.fixture(loop_scope="module")
async def reading(house: House, tenant: Tenant) -> AsyncIterator[Socket]:
    """Another connection."""
    async with open_socket(house, authorization=f"Bearer {tenant.keys['read']}") as connection:
        opened = Socket(connection)
        await opened.receive()
        yield opened


async def test_whoever_reads_nothing_harms_nobody(
    bus: Bus, socket: Socket, reading: Socket, tenant: Tenant
) -> None:
    lazy = await socket.ask(type="subscribe", id="lazy", topic="events")
    await reading.ask(type="subscribe", id="quick", topic="events")
    for number in range(40):
        await tell(bus, tenant, *(Event(name=f"{number}", message="x" * 9_000) for _ in range(20)))

    seen = [names((await reading.receive())["event"])[0] for _ in range(40)]
    late = [await socket.receive() for _ in range(40)]

    assert seen == [names(event["event"])[0] for event in late] == [str(number) for number in range(40)]
    assert int(lazy["position"]) < int(late[0]["position"])
    assert json.dumps(late[0]["event"]["eventsRecorded"]).count("x" * 9_000) == 20
