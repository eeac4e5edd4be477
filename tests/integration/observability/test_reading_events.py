"""Events are listed in pages, by any filter and in any order, and one is shown with everything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from tests.integration.observability.events import MILLISECOND, now_ns, span
from tests.integration.observability.service import Service
from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1 import observability_service_pb2 as messages
from timeloom.observability.v1 import observability_service_pb2_grpc as services
from timeloom_observability.model import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    Link,
    Severity,
    TokenUsage,
)
from timeloom_observability.showing import message_of
from timeloom_platform.event_filters import matcher

DAY_NS = int(timedelta(days=1).total_seconds()) * 1_000 * MILLISECOND
ORDERS = ("", "start_time", "duration desc", "cost desc", "tokens desc")


def _timestamp(ns: int) -> Timestamp:
    return Timestamp(seconds=ns // 10**9, nanos=ns % 10**9)


async def _listed(service: Service, page_size: int = 1000, **fields: Any) -> list[pb.Event]:
    """Returns the events of all pages."""
    stub: Any = services.ObservabilityServiceStub(service.channel)
    events: list[pb.Event] = []
    request = messages.ListEventsRequest(page_size=page_size, **fields)
    while True:
        page = await stub.ListEvents(request, metadata=service.metadata)
        events += page.events
        assert len(page.events) <= page_size
        if not page.next_page_token:
            return events
        request.page_token = page.next_page_token


async def _status_of(call: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code(), failed.value.details() or ""


def _any_event(service: Service, random: Random, number: int) -> Event:
    """Returns an event of a few values each, so that filters mean some and not others."""
    kind = random.choice([EventKind.LLM, EventKind.TOOL, EventKind.AGENT])
    usage = TokenUsage(total_tokens=random.choice([0, 7, 9])) if random.random() < 0.5 else None
    cost = Cost(total=random.choice([0.0, 0.5]), source=CostSource.PRICED) if random.random() < 0.5 else None
    return span(
        service.project_id,
        number,
        trace=random.randint(1, 4),
        parent=random.choice([0, 0, 7]),
        name=random.choice(["chat", "search"]),
        start_ns=now_ns()
        - random.choice([0, 1, 3, 9, 40, 500]) * DAY_NS
        - random.randint(0, 3 * MILLISECOND),
        duration_ms=random.choice([0, 10, 10.5, 2_000]),
        kind=kind,
        status=random.choice(list(EventStatus)),
        severity=random.choice(list(Severity)),
        message=random.choice(["", "Rate limit reached", "reached_it"]),
        error_type=random.choice(["", "RateLimitError"]),
        execution_id=random.choice([None, service.project_id]),
        session_id=random.choice(["", "s-1"]),
        user_id=random.choice(["", "ada"]),
        agent_id=random.choice(["", "planner", "writer"]),
        model=random.choice(["", "gpt-4o"]),
        provider=random.choice(["", "openai"]),
        tool_name=random.choice(["", "web"]),
        service_name=random.choice(["", "shop"]),
        tags=tuple(random.sample(["a", "b", "c"], random.randint(0, 3))),
        usage=usage,
        cost=cost,
        input_preview=random.choice(["", "Größe in Zürich?", "हिन्दी limit"]),
        attributes=random.choice([b"{}", b'{"n": 1, "flag": true}', b'{"n": "1"}']),
    )


def _any_filter(service: Service, random: Random) -> pb.EventFilter:
    """Returns a filter of one to three fields."""
    at = now_ns() - random.choice([0, 1, 3, 40]) * DAY_NS - random.randint(0, 3 * MILLISECOND)
    fields: Sequence[dict[str, Any]] = [
        {"types": [pb.EVENT_TYPE_SPAN]},
        {"types": [pb.EVENT_TYPE_LOG, pb.EVENT_TYPE_SPAN]},
        {"kinds": [pb.EVENT_KIND_LLM]},
        {"kinds": [pb.EVENT_KIND_LLM, pb.EVENT_KIND_AGENT]},
        {"statuses": [pb.EVENT_STATUS_ERROR]},
        {"statuses": [pb.EVENT_STATUS_UNSPECIFIED, pb.EVENT_STATUS_OK]},
        {"severity_min": pb.SEVERITY_WARN},
        {"names": ["chat"]},
        {"agent_ids": ["planner"]},
        {"agent_ids": ["", "writer"]},
        {"models": ["gpt-4o"]},
        {"models": [""]},
        {"providers": ["openai"]},
        {"tool_names": ["web", "none"]},
        {"service_names": ["shop"]},
        {"error_types": ["RateLimitError"]},
        {"trace_id": f"{random.randint(1, 4):032x}"},
        {"execution_id": str(service.project_id)},
        {"session_id": "s-1"},
        {"user_id": "ada"},
        {"tags": ["a", "c"]},
        {"roots_only": True},
        {"started_after": _timestamp(at)},
        {"started_before": _timestamp(at)},
        {"duration_ms_min": 10.5},
        {"duration_ms_max": 10.5},
        {"attributes": ["n=1"]},
        {"attributes": ["flag=true"]},
        {"words": random.choice(["RATE", "limit reached", "größe zürich", "reached", "हिन्दी", "lim", "?"])},
    ]
    return pb.EventFilter(
        **{
            name: value
            for each in random.sample(fields, random.randint(1, 3))
            for name, value in each.items()
        }
    )


async def test_a_filter_means_the_same_in_sql_and_of_an_event_alone(service: Service) -> None:
    random = Random(7)
    events = [_any_event(service, random, number) for number in range(1, 121)]
    await service.take(events)
    told = {str(event.id): message_of(event, datetime.now(UTC)) for event in events}
    for event in events:
        told[str(event.id)].attributes = event.attributes
    meant = 0
    for number in range(150):
        event_filter = _any_filter(service, random)
        matches = matcher(event_filter)

        found = await _listed(service, filter=event_filter, order_by=ORDERS[number % len(ORDERS)])

        assert {event.id for event in found} == {key for key, event in told.items() if matches(event)}, (
            event_filter
        )
        assert len({event.id for event in found}) == len(found)
        meant += 0 < len(found) < len(events)
    assert meant > 50


async def test_pages_have_every_event_once_and_in_order(service: Service) -> None:
    random = Random(8)
    events = [_any_event(service, random, number) for number in range(1, 61)]
    await service.take(events)

    for order_by in ORDERS:
        for page_size in (1, 7, 60):
            found = await _listed(service, page_size, order_by=order_by)

            assert sorted(event.id for event in found) == sorted(str(event.id) for event in events)
            assert [_place(event, order_by) for event in found] == sorted(
                (_place(event, order_by) for event in found), reverse=order_by != "start_time"
            )


def _place(event: pb.Event, order_by: str) -> tuple[float, str]:
    match order_by:
        case "duration desc":
            return event.duration_ms, event.id
        case "cost desc":
            return (event.cost.total if event.HasField("cost") else -1), event.id
        case "tokens desc":
            return (event.usage.total_tokens if event.HasField("usage") else -1), event.id
        case _:
            return 0, event.id


async def test_an_event_is_shown_with_everything(service: Service) -> None:
    event = span(
        service.project_id,
        kind=EventKind.LLM,
        execution_id=uuid4(),
        usage=TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7, cache_read_tokens=1),
        cost=Cost(total=0.75, input=0.5, output=0.25, source=CostSource.REPORTED),
        tags=("x",),
        input=b'[{"role": "user"}]',
        output=b'"fine"',
        attributes=b'{"a": {"b": [1, 2.50]}}',
        resource=b'{"service.name": "shop"}',
        links=(Link(trace_id="ab" * 16, span_id="cd" * 8, attributes=b'{"why":"retry"}'),),
    )
    await service.take([event])
    stub: Any = services.ObservabilityServiceStub(service.channel)

    got = await stub.GetEvent(messages.GetEventRequest(event_id=str(event.id)), metadata=service.metadata)

    expected = message_of(event, datetime.now(UTC))
    expected.receive_time.CopyFrom(got.event.receive_time)
    expected.input, expected.output = b'[{"role": "user"}]', b'"fine"'
    expected.attributes, expected.resource = b'{"a": {"b": [1, 2.50]}}', b'{"service.name": "shop"}'
    expected.links.add(trace_id="ab" * 16, span_id="cd" * 8, attributes=b'{"why": "retry"}')
    assert got.event == expected
    listed = (await _listed(service))[0]
    assert (listed.input, listed.attributes, listed.usage) == (b"", b"", expected.usage)


async def test_what_is_wrong_is_named(service: Service) -> None:
    stub: Any = services.ObservabilityServiceStub(service.channel)
    page = await stub.ListEvents(messages.ListEventsRequest(), metadata=service.metadata)
    assert page == messages.ListEventsResponse()
    missing = str(uuid4())
    cases = [
        (stub.GetEvent, messages.GetEventRequest(event_id=missing), "NOT_FOUND", f"no event {missing}"),
        (stub.GetEvent, messages.GetEventRequest(event_id="7"), "INVALID_ARGUMENT", "eventId must be a UUID"),
        (stub.ListEvents, messages.ListEventsRequest(page_token="x"), "INVALID_ARGUMENT", "page token"),
        (stub.ListEvents, messages.ListEventsRequest(order_by="name"), "INVALID_ARGUMENT", "orderBy"),
        (
            stub.ListEvents,
            messages.ListEventsRequest(
                filter=pb.EventFilter(started_after=_timestamp(5), started_before=_timestamp(5))
            ),
            "INVALID_ARGUMENT",
            "filter.startedBefore must be later than filter.startedAfter",
        ),
        (
            stub.ListEvents,
            messages.ListEventsRequest(filter=pb.EventFilter(names=["a\0"])),
            "INVALID_ARGUMENT",
            "U+0000",
        ),
    ]
    for method, request, code, text in cases:
        status, details = await _status_of(method(request, metadata=service.metadata))

        assert (status.name, text in details) == (code, True), details


async def test_a_token_is_of_its_own_list(service: Service) -> None:
    await service.take([span(service.project_id, number) for number in range(1, 4)])
    stub: Any = services.ObservabilityServiceStub(service.channel)
    first = await stub.ListEvents(messages.ListEventsRequest(page_size=1), metadata=service.metadata)
    token = first.next_page_token
    other = pb.EventFilter(kinds=[pb.EVENT_KIND_LLM])

    for request in (
        messages.ListEventsRequest(page_token=token, filter=other),
        messages.ListEventsRequest(page_token=token, order_by="start_time"),
    ):
        status, _ = await _status_of(stub.ListEvents(request, metadata=service.metadata))
        assert status is grpc.StatusCode.INVALID_ARGUMENT


async def test_nobody_sees_the_events_of_another_project(service: Service) -> None:
    other = uuid4()
    theirs = span(other)
    await service.take([theirs], project_id=other)
    stub: Any = services.ObservabilityServiceStub(service.channel)

    for order_by in ORDERS:
        assert await _listed(service, order_by=order_by) == []
    status, _ = await _status_of(
        stub.GetEvent(messages.GetEventRequest(event_id=str(theirs.id)), metadata=service.metadata)
    )
    assert status is grpc.StatusCode.NOT_FOUND


async def test_reported_events_are_committed_once(service: Service) -> None:
    stub: Any = services.ObservabilityServiceStub(service.channel)
    request = messages.CreateEventsRequest(
        events=[
            messages.NewEvent(
                event_id=str(uuid4()),
                name="deployed",
                kind=pb.EVENT_KIND_LLM,
                start_time=_timestamp(now_ns()),
                end_time=_timestamp(now_ns() + 1_500 * MILLISECOND),
                model="gpt-4o",
                provider="openai",
                usage=pb.TokenUsage(input_tokens=1_000_000),
                input=b'{"question": "why?"}',
                attributes=b'{"a": 1}',
                tags=["t"],
            ),
            messages.NewEvent(name="twice", start_time=_timestamp(now_ns())),
            messages.NewEvent(name="twice", start_time=_timestamp(now_ns())),
            messages.NewEvent(name="free", cost=0.0),
        ]
    )
    request.events[2].start_time.CopyFrom(request.events[1].start_time)

    answer = await stub.CreateEvents(request, metadata=service.metadata)
    again = await stub.CreateEvents(request, metadata=service.metadata)

    assert list(answer.event_ids)[:3] == list(again.event_ids)[:3]
    found = await _listed(service)
    assert {event.id for event in found} == {*answer.event_ids, *again.event_ids}
    assert len(set(answer.event_ids)) == 4
    got = await stub.GetEvent(
        messages.GetEventRequest(event_id=answer.event_ids[0]), metadata=service.metadata
    )
    event = got.event
    assert (event.type, event.name, event.duration_ms) == (pb.EVENT_TYPE_CUSTOM, "deployed", 1_500)
    assert (event.cost.total, event.cost.source) == (2.5, pb.COST_SOURCE_PRICED)
    assert (event.usage.total_tokens, event.input_preview, json.loads(event.attributes)) == (
        1_000_000,
        "why?",
        {"a": 1},
    )
    free = next(event for event in found if event.name == "free")
    assert (free.HasField("cost"), free.cost.total, free.cost.source) == (True, 0, pb.COST_SOURCE_REPORTED)


async def test_all_reported_events_are_committed_or_none(service: Service) -> None:
    stub: Any = services.ObservabilityServiceStub(service.channel)
    fine = messages.NewEvent(name="fine")
    key = str(uuid4())
    wrong: Sequence[tuple[dict[str, Any], str]] = [
        ({"event_id": key}, "events[1].startTime must be set beside eventId"),
        ({"span_id": "ab" * 8}, "events[1].traceId must be set beside spanId"),
        ({"trace_id": "0" * 32}, "events[1].traceId must not be all zeros"),
        ({"start_time": Timestamp(seconds=5)}, "events[1].startTime must not be before the year 2000"),
        ({"end_time": Timestamp(seconds=5)}, "events[1].endTime must not be before"),
        ({"usage": pb.TokenUsage(input_tokens=0.5)}, "events[1].usage.inputTokens must be a whole number"),
        ({"cost": -1.0}, "events[1].cost must be from 0"),
        ({"message": "a\0"}, "events[1].message must not contain the character U+0000"),
        ({"attributes": b"[]"}, "events[1].attributes must be a JSON object"),
        ({"output": b"{"}, "events[1].output is not JSON"),
        ({"name": ""}, "events[1].name"),
    ]
    for fields, text in wrong:
        event: dict[str, Any] = {"name": "wrong"}
        request = messages.CreateEventsRequest(events=[fine, messages.NewEvent(**(event | fields))])
        status, details = await _status_of(stub.CreateEvents(request, metadata=service.metadata))

        assert (status, text in details) == (grpc.StatusCode.INVALID_ARGUMENT, True), details
    twice = messages.NewEvent(name="one", event_id=key, start_time=_timestamp(now_ns()))
    status, details = await _status_of(
        stub.CreateEvents(messages.CreateEventsRequest(events=[twice, twice]), metadata=service.metadata)
    )
    assert "events[1].eventId is that of another event" in details
    assert await _listed(service) == []
