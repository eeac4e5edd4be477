"""Events as they come, and as a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import grpc
import grpc.aio
import msgspec
import pytest
import pytest_asyncio

from tests.integration.observability.events import now_ns, span
from tests.integration.observability.service import Service, running_service
from timeloom.observability.v1 import event_streams_service_pb2 as messages
from timeloom.observability.v1.event_streams_service_pb2_grpc import EventStreamsServiceStub
from timeloom.observability.v1.observability_pb2 import Event, EventFilter, EventKind
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.transcoding.writing import Writers
from timeloom_observability.model import Cost, CostSource, EventStatus, Link, TokenUsage
from timeloom_observability.model import EventKind as Kind
from timeloom_observability.streams import exporting
from timeloom_observability.streams.documents import line_of
from timeloom_platform.bus import Bus
from timeloom_platform.outbox import OutboxRelay

LLM = EventKind.EVENT_KIND_LLM


@pytest_asyncio.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats_url, name="test")
    yield bus
    await bus.close()


@pytest_asyncio.fixture
async def service(database_url: str, bus: Bus) -> AsyncIterator[Service]:
    async with running_service(database_url, bus=bus) as running:
        yield running


@asynccontextmanager
async def tail(service: Service, **request: Any) -> AsyncGenerator[Any]:
    """A tail that has begun, and where it begins."""
    call: Any = EventStreamsServiceStub(service.channel).TailEvents(
        messages.TailEventsRequest(**request), metadata=service.metadata, timeout=60
    )
    try:
        yield call
    finally:
        call.cancel()


async def take(service: Service, bus: Bus, *events: Any) -> None:
    """Commits events and has them told."""
    await service.take(events)
    await OutboxRelay(service.database, bus).relay_once()


def names(answer: messages.TailEventsResponse) -> list[str]:
    return [event.name for event in answer.events]


async def test_a_tail_brings_what_is_committed_and_meant(service: Service, bus: Bus) -> None:
    async with tail(service, filter=EventFilter(kinds=[LLM])) as tailing:
        begun = await tailing.read()
        assert (names(begun), begun.skipped_count) == ([], 0)
        call = span(service.project_id, 1, name="call", kind=Kind.LLM, input=b'"secret"')
        await take(service, bus, call, span(service.project_id, 2, name="tool", kind=Kind.TOOL))
        answer = await tailing.read()

    assert names(answer) == ["call"]
    assert (answer.events[0].id, answer.events[0].input) == (str(call.id), b"")
    assert int(answer.position) > int(begun.position)


async def test_a_tail_resumes_after_its_position(service: Service, bus: Bus) -> None:
    async with tail(service) as tailing:
        begun = await tailing.read()
    for number in (1, 2):
        await take(service, bus, span(service.project_id, number, name=str(number)))

    async with tail(service, position=begun.position) as again:
        assert (await again.read()).position == begun.position
        first = await again.read()
    async with tail(service, position=first.position) as again:
        await again.read()
        second = await again.read()

    assert [names(first), names(second)] == [["1"], ["2"]]


@pytest.mark.parametrize(
    ("request_fields", "code"),
    [
        ({"position": "x"}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"filter": EventFilter(attributes=["a=b"])}, grpc.StatusCode.INVALID_ARGUMENT),
        ({"position": "1"}, grpc.StatusCode.OUT_OF_RANGE),
    ],
)
async def test_a_tail_that_cannot_be_is_refused(
    service: Service, request_fields: dict[str, Any], code: grpc.StatusCode
) -> None:
    async with tail(service, **request_fields) as tailing:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            _ = [answer async for answer in tailing]
    assert refused.value.code() == code


async def test_tails_end_with_the_service(service: Service) -> None:
    async with tail(service) as tailing:
        await tailing.read()
        service.assembly.end_streams()
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await tailing.read()
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE


async def export(service: Service, **request: Any) -> list[messages.ExportEventsResponse]:
    call: Any = EventStreamsServiceStub(service.channel).ExportEvents(
        messages.ExportEventsRequest(**request), metadata=service.metadata, timeout=60
    )
    return [part async for part in call]


def lines(parts: list[messages.ExportEventsResponse]) -> list[dict[str, Any]]:
    data = b"".join(part.data for part in parts)
    return [msgspec.json.decode(line) for line in data.splitlines()]


async def test_an_export_has_what_the_filter_means_oldest_first(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SIZES_MAX", 7)
    monkeypatch.setattr(exporting, "PAGE_EVENTS_MAX", 3)
    monkeypatch.setattr(exporting, "PART_BYTES", 1_000)
    now = now_ns()
    events = [
        span(
            service.project_id,
            number,
            name=str(number),
            start_ns=now - number * 1_000_000,
            kind=Kind.LLM if number % 2 else Kind.TOOL,
            attributes=msgspec.json.encode({"number": number, "text": "x" * 200}),
        )
        for number in range(1, 41)
    ]
    await service.take(events)
    await service.take([span(uuid4(), 1, name="another's")], project_id=uuid4())

    parts = await export(service, filter=EventFilter(kinds=[LLM]))

    exported = lines(parts)
    assert [each["name"] for each in exported] == [str(number) for number in range(39, 0, -2)]
    assert [each["attributes"]["number"] for each in exported] == list(range(39, 0, -2))
    assert (parts[0].media_type, parts[0].file_name) == ("application/x-ndjson", "events.jsonl")
    assert len(parts) > 5
    assert max(len(part.data) for part in parts) <= 1_000


async def test_an_export_of_nothing_is_an_empty_file(service: Service) -> None:
    (part,) = await export(service)
    assert (part.data, part.file_name) == (b"", "events.jsonl")


async def test_an_export_of_what_cannot_be_is_refused(service: Service) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await export(service, filter=EventFilter(duration_ms_min=5, duration_ms_max=1))
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_a_line_is_what_rest_shows(service: Service) -> None:
    await service.take(
        [
            span(
                service.project_id,
                1,
                parent=2,
                name="ä",
                kind=Kind.LLM,
                status=EventStatus.ERROR,
                tags=("a", "b"),
                usage=TokenUsage(input_tokens=3, output_tokens=4, total_tokens=7),
                cost=Cost(total=0.5, source=CostSource.PRICED),
                execution_id=uuid4(),
                input=b'[{"role":"user"}]',
                output=b'"fine"',
                attributes=b'{"a":{"b":[1,2.5,null]}}',
                resource=b'{"service.name":"x"}',
                links=(Link(trace_id="1" * 32, span_id="2" * 16, attributes=b'{"c":1}'),),
            )
        ]
    )
    async with asyncio.timeout(30):
        (exported,) = lines(await export(service))
    contracts = Contracts.load()
    write = Writers(contracts.pool).message(contracts.message_type("timeloom.observability.v1.Event")).write

    message = Event(name=exported["name"], kind=LLM, input=b'[{"role":"user"}]')
    message.start_time.FromMilliseconds(1_700_000_000_123)
    message.end_time.FromMicroseconds(1_700_000_000_123_456)
    message.receive_time.FromSeconds(1_700_000_000)

    assert msgspec.json.decode(line_of(message)) == msgspec.json.decode(msgspec.json.encode(write(message)))
    assert exported["kind"] == "LLM"
    assert exported["usage"]["totalTokens"] == 7
    assert exported["cost"] == {"total": 0.5, "source": "PRICED"}
    assert exported["attributes"] == {"a": {"b": [1, 2.5, None]}}
    assert exported["input"] == [{"role": "user"}]
    assert exported["links"] == [{"traceId": "1" * 32, "spanId": "2" * 16, "attributes": {"c": 1}}]
