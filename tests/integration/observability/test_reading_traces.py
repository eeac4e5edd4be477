"""Traces are listed, opened as trees, and added up into sessions."""

from __future__ import annotations

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
from timeloom.observability.v1 import scores_service_pb2 as score_messages
from timeloom.observability.v1 import scores_service_pb2_grpc as score_services
from timeloom_observability.ids import Names
from timeloom_observability.model import (
    Cost,
    CostSource,
    Event,
    EventKind,
    EventStatus,
    EventType,
    TokenUsage,
)


def _stub(service: Service) -> Any:
    return services.ObservabilityServiceStub(service.channel)


def _trace_id(trace: int) -> str:
    return f"{trace:032x}"


def _call(service: Service, number: int, *, trace: int = 1, start_ns: int, **fields: Any) -> Event:
    """Returns the call of a model."""
    return span(
        service.project_id,
        number,
        trace=trace,
        parent=1,
        name="chat",
        start_ns=start_ns,
        kind=EventKind.LLM,
        model="gpt-4o",
        usage=TokenUsage(input_tokens=10, output_tokens=5, total_tokens=15),
        cost=Cost(total=0.25, source=CostSource.PRICED),
        **fields,
    )


def _moment(service: Service, number: int, ordinal: int, *, start_ns: int) -> Event:
    trace_id, span_id = (1).to_bytes(16, "big"), number.to_bytes(8, "big")
    return Event(
        id=Names(service.project_id).moment(start_ns, trace_id, span_id, ordinal),
        type=EventType.SPAN_EVENT,
        name=f"moment {ordinal}",
        trace_id=trace_id.hex(),
        span_id=span_id.hex(),
        start_ns=start_ns,
    )


async def _opened(service: Service, trace: int = 1, page_size: int = 0) -> list[messages.TraceSpan]:
    """Returns the spans of all pages."""
    spans: list[messages.TraceSpan] = []
    request = messages.GetTraceRequest(trace_id=_trace_id(trace), page_size=page_size)
    while True:
        page = await _stub(service).GetTrace(request, metadata=service.metadata)
        spans += page.spans
        if not page.next_page_token:
            return spans
        request.page_token = page.next_page_token


async def _listed(service: Service, page_size: int = 1000, **fields: Any) -> list[pb.Trace]:
    traces: list[pb.Trace] = []
    request = messages.ListTracesRequest(page_size=page_size, **fields)
    while True:
        page = await _stub(service).ListTraces(request, metadata=service.metadata)
        traces += page.traces
        if not page.next_page_token:
            return traces
        request.page_token = page.next_page_token


async def test_a_trace_is_a_tree_with_its_moments_and_scores(service: Service) -> None:
    now = now_ns()
    root = span(
        service.project_id,
        1,
        name="plan",
        start_ns=now,
        duration_ms=100,
        kind=EventKind.AGENT,
        agent_id="planner",
        session_id="talk",
    )
    first = _call(service, 2, start_ns=now + 10 * MILLISECOND, duration_ms=20)
    below = span(service.project_id, 4, parent=2, start_ns=now + 12 * MILLISECOND, duration_ms=5)
    second = _call(service, 3, start_ns=now + 40 * MILLISECOND, duration_ms=50, status=EventStatus.ERROR)
    moments = [_moment(service, 3, ordinal, start_ns=now + 50 * MILLISECOND) for ordinal in range(3)]
    await service.take([second, below, *moments])
    await service.take([first, root])
    scores: Any = score_services.ScoresServiceStub(service.channel)
    score = score_messages.CreateScoreRequest(name="truth", value=1, trace_id=_trace_id(1))
    await scores.CreateScore(score, metadata=service.metadata)

    opened = await _stub(service).GetTrace(
        messages.GetTraceRequest(trace_id=_trace_id(1)), metadata=service.metadata
    )

    assert [
        (each.event.id, each.depth, each.child_count, each.is_critical, each.self_ms) for each in opened.spans
    ] == [
        (str(root.id), 0, 2, True, 30),
        (str(first.id), 1, 1, True, 15),
        (str(below.id), 2, 0, True, 5),
        (str(second.id), 1, 0, True, 50),
    ]
    assert {moment.id for moment in opened.spans[3].moments} == {str(moment.id) for moment in moments}
    assert [len(each.moments) for each in opened.spans] == [0, 0, 0, 3]
    assert [each.name for each in opened.scores] == ["truth"]
    trace = opened.trace
    assert (trace.id, trace.name, trace.kind, trace.agent_id) == (
        _trace_id(1),
        "plan",
        pb.EVENT_KIND_AGENT,
        "planner",
    )
    assert (trace.span_count, trace.error_count, trace.has_root, trace.duration_ms) == (4, 1, True, 100)
    assert (trace.usage.total_tokens, trace.cost.total, list(trace.models)) == (30, 0.5, ["gpt-4o"])


async def test_pages_of_a_trace_are_of_the_spans_that_were_there(service: Service) -> None:
    now = now_ns()
    spans = [
        span(service.project_id, number, parent=number // 3, start_ns=now + number * MILLISECOND)
        for number in range(1, 40)
    ]
    await service.take(spans)
    whole = await _opened(service)
    assert [each.event.id for each in await _opened(service, page_size=1)] == [
        each.event.id for each in whole
    ]
    request = messages.GetTraceRequest(trace_id=_trace_id(1), page_size=10)
    page = await _stub(service).GetTrace(request, metadata=service.metadata)

    await service.take([span(service.project_id, 50, parent=1, start_ns=now)])

    request.page_token, request.page_size = page.next_page_token, 1_000
    rest = await _stub(service).GetTrace(request, metadata=service.metadata)
    assert [*page.spans, *rest.spans] == whole
    assert not rest.scores
    assert len(await _opened(service)) == 40


async def test_spans_without_their_parents_stand_at_the_top(service: Service) -> None:
    await service.take([span(service.project_id, 5, parent=4, status=EventStatus.ERROR)])

    (only,) = await _opened(service)

    assert only.depth == 0
    (trace,) = await _listed(service)
    assert (trace.has_root, trace.root_span_id, trace.status) == (False, "", pb.EVENT_STATUS_ERROR)


async def test_traces_are_listed_by_what_they_are(service: Service) -> None:
    now = now_ns()
    failed = span(
        service.project_id,
        name="Plan A",
        trace=1,
        start_ns=now,
        duration_ms=30,
        status=EventStatus.ERROR,
        agent_id="planner",
        user_id="ada",
    )
    fine = span(
        service.project_id,
        name="plan b",
        trace=2,
        start_ns=now + MILLISECOND,
        duration_ms=10,
        status=EventStatus.OK,
        session_id="talk",
    )
    rootless = _call(service, 2, trace=3, start_ns=now + 2 * MILLISECOND, duration_ms=20)
    await service.take([failed, fine, rootless])
    start = Timestamp()
    start.FromNanoseconds(now + MILLISECOND)
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [3, 2, 1]),
        ({"order_by": "start_time"}, [1, 2, 3]),
        ({"order_by": "duration desc"}, [1, 3, 2]),
        ({"order_by": "cost desc"}, [3, 2, 1]),
        ({"statuses": [pb.EVENT_STATUS_ERROR]}, [1]),
        ({"statuses": [pb.EVENT_STATUS_OK, pb.EVENT_STATUS_UNSPECIFIED]}, [3, 2]),
        ({"agent_ids": ["planner"]}, [1]),
        ({"agent_ids": ["", "writer"]}, [3, 2]),
        ({"session_id": "talk"}, [2]),
        ({"user_id": "ada"}, [1]),
        ({"name_contains": "PLAN"}, [2, 1]),
        ({"duration_ms_min": 20}, [3, 1]),
        ({"duration_ms_max": 20}, [2]),
        ({"started_after": start}, [3, 2]),
        ({"started_before": start}, [1]),
    ]
    for fields, expected in cases:
        for page_size in (1, 10):
            found = await _listed(service, page_size, **fields)

            assert [int(trace.id, 16) for trace in found] == expected, fields


async def test_sessions_are_what_their_traces_come_to(service: Service) -> None:
    now = now_ns()
    for trace, session in ((1, "one"), (2, "one"), (3, "other")):
        start_ns = now + trace * MILLISECOND
        failed = EventStatus.ERROR if trace == 1 else EventStatus.OK
        fields: dict[str, Any] = {
            "session_id": session,
            "user_id": "ada",
            "agent_id": f"agent {trace}",
            "status": failed,
        }
        await service.take(
            [
                span(service.project_id, 1, trace=trace, start_ns=start_ns, **fields),
                _call(service, 2, trace=trace, start_ns=start_ns),
            ]
        )
    await service.take([span(service.project_id, 1, trace=4)])

    listed = await _stub(service).ListSessions(
        messages.ListSessionsRequest(page_size=1, user_id="ada"), metadata=service.metadata
    )
    others = await _stub(service).ListSessions(
        messages.ListSessionsRequest(page_size=1, user_id="ada", page_token=listed.next_page_token),
        metadata=service.metadata,
    )
    got = await _stub(service).GetSession(
        messages.GetSessionRequest(session_id="one"), metadata=service.metadata
    )

    assert [each.id for each in (*listed.sessions, *others.sessions)] == ["other", "one"]
    assert not others.next_page_token
    assert got.session == others.sessions[0]
    session = got.session
    assert (session.trace_count, session.error_count, list(session.agent_ids)) == (
        2,
        1,
        ["agent 1", "agent 2"],
    )
    assert (session.user_id, session.usage.total_tokens, session.cost.total) == ("ada", 30, 0.5)
    assert session.start_time.ToNanoseconds() == now + MILLISECOND
    assert session.last_time.ToNanoseconds() == now + 2 * MILLISECOND
    none = await _stub(service).ListSessions(
        messages.ListSessionsRequest(active_after=Timestamp(seconds=now // 10**9 + 60)),
        metadata=service.metadata,
    )
    assert none == messages.ListSessionsResponse()


async def test_stats_say_how_much_there_is(service: Service) -> None:
    empty = await _stub(service).GetTelemetryStats(
        messages.GetTelemetryStatsRequest(), metadata=service.metadata
    )
    assert empty.event_count == 0
    assert not empty.HasField("oldest_time")
    now = now_ns()
    await service.take([span(service.project_id, number, start_ns=now + number) for number in range(1, 4)])
    await service.take([span(uuid4())], project_id=uuid4())

    stats = await _stub(service).GetTelemetryStats(
        messages.GetTelemetryStatsRequest(), metadata=service.metadata
    )

    assert (stats.event_count, stats.trace_count) == (3, 1)
    assert stats.oldest_time.ToNanoseconds() == now
    assert stats.stored_bytes > 0


async def test_what_is_not_there_or_wrong_is_named(service: Service) -> None:
    stub = _stub(service)
    far = Timestamp(seconds=1 << 60)
    cases = [
        (stub.GetTrace, messages.GetTraceRequest(trace_id="ab" * 16), f"There is no trace {'ab' * 16}."),
        (stub.GetSession, messages.GetSessionRequest(session_id="x"), "There is no session 'x'."),
        (stub.GetTrace, messages.GetTraceRequest(trace_id="x"), "traceId"),
        (stub.GetTrace, messages.GetTraceRequest(), "traceId"),
        (stub.ListTraces, messages.ListTracesRequest(page_token="x"), "page token"),
        (
            stub.ListTraces,
            messages.ListTracesRequest(duration_ms_min=2, duration_ms_max=1),
            "durationMsMax must be greater than durationMsMin",
        ),
        (stub.ListSessions, messages.ListSessionsRequest(active_after=far), "activeAfter is not within"),
    ]
    for method, request, text in cases:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await method(request, metadata=service.metadata)

        assert text in (failed.value.details() or "")


async def test_nobody_sees_the_traces_of_another_project(service: Service) -> None:
    other = uuid4()
    await service.take([span(other, session_id="talk")], project_id=other)

    assert await _listed(service) == []
    sessions = await _stub(service).ListSessions(messages.ListSessionsRequest(), metadata=service.metadata)
    assert sessions == messages.ListSessionsResponse()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await _opened(service)
    assert failed.value.code() is grpc.StatusCode.NOT_FOUND
