"""How good work was is kept once, found by what was judged, and told."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import grpc

from tests.integration.observability.events import now_ns
from tests.integration.observability.service import Service
from tests.integration.snapshots.service import refused
from timeloom.observability.v1 import observability_pb2 as nouns
from timeloom.observability.v1 import scores_service_pb2 as messages
from timeloom.observability.v1 import scores_service_pb2_grpc as services
from timeloom_observability.ingesting import Batch
from timeloom_observability.model import Score
from timeloom_observability.scores.storage import scores_of_trace

TRACE = "ab" * 16
SPAN = "cd" * 8


def stub_of(service: Service) -> Any:
    return services.ScoresServiceStub(service.channel)


async def give(
    service: Service,
    *,
    name: str = "helpfulness",
    value: float | None = 1.0,
    trace_id: str = TRACE,
    **fields: Any,
) -> nouns.Score:
    request = messages.CreateScoreRequest(name=name, value=value, trace_id=trace_id, **fields)
    answer: messages.CreateScoreResponse = await stub_of(service).CreateScore(
        request, metadata=service.metadata
    )
    return answer.score


async def listed(service: Service, **fields: Any) -> messages.ListScoresResponse:
    answer: messages.ListScoresResponse = await stub_of(service).ListScores(
        messages.ListScoresRequest(**fields), metadata=service.metadata
    )
    return answer


def told_of(score: nouns.Score) -> nouns.Score:
    told = nouns.Score()
    told.CopyFrom(score)
    told.ClearField("metadata")
    return told


async def test_a_score_is_kept_as_it_was_given_and_told(service: Service) -> None:
    given = await give(
        service,
        score_id=str(uuid4()),
        value=0.0,
        label="bad",
        comment="It lied.",
        source=nouns.SCORE_SOURCE_EVALUATOR,
        span_id=SPAN,
        execution_id=str(uuid4()),
        session_id="talk",
        author_id="judge",
        metadata=b'{"b": 1.0, "a": "\\u0000"}',
    )

    assert given.HasField("value")
    assert (given.value, given.span_id, given.metadata) == (0.0, SPAN, b'{"a":"\\u0000","b":1.0}')
    assert list((await listed(service)).scores) == [given]
    assert [event.score_created.score for event in await service.told()] == [told_of(given)]


async def test_who_repeats_a_score_replaces_it_where_it_stands(service: Service) -> None:
    first = await give(service, score_id=str(uuid4()), value=0.0)
    other = await give(service)

    again = await give(service, score_id=first.id, value=0.0)
    assert again == first
    assert len(await service.told()) == 2
    changed = await give(service, score_id=first.id, label="good", value=None)

    assert (changed.HasField("value"), changed.label, changed.create_time) == (
        False,
        "good",
        first.create_time,
    )
    assert list((await listed(service)).scores) == [other, changed]
    assert [event.score_created.score.label for event in await service.told()] == ["", "", "good"]


async def test_scores_are_listed_by_what_they_judge(service: Service) -> None:
    execution_id = str(uuid4())
    of_trace = await give(service)
    of_session = await give(service, trace_id="", session_id="talk", source=nouns.SCORE_SOURCE_EVALUATOR)
    of_execution = await give(service, trace_id="", execution_id=execution_id, name="truth")

    async def found(**fields: Any) -> list[nouns.Score]:
        return list((await listed(service, **fields)).scores)

    assert await found() == [of_execution, of_session, of_trace]
    assert await found(trace_id=TRACE) == [of_trace]
    assert await found(session_id="talk") == [of_session]
    assert await found(execution_id=execution_id) == [of_execution]
    assert await found(name="truth") == [of_execution]
    assert await found(source=nouns.SCORE_SOURCE_HUMAN) == [of_execution, of_trace]
    assert await found(name="truth", trace_id=TRACE) == []


async def test_pages_of_scores_follow_one_another(service: Service) -> None:
    given = [await give(service, label=str(number)) for number in range(5)]

    seen: list[nouns.Score] = []
    token = ""
    while True:
        page = await listed(service, page_size=2, page_token=token)
        seen += page.scores
        token = page.next_page_token
        if not token:
            break

    assert seen == given[::-1]
    token = (await listed(service, page_size=2)).next_page_token
    refusal = await refused(listed(service, page_size=2, page_token=token, name="another"))
    assert refusal.reason == "INVALID_PAGE_TOKEN"


async def test_a_score_that_is_taken_back_is_gone(service: Service) -> None:
    given = await give(service)
    delete = stub_of(service).DeleteScore
    request = messages.DeleteScoreRequest(score_id=given.id)

    await delete(request, metadata=service.metadata)

    assert list((await listed(service)).scores) == []
    assert (await refused(delete(request, metadata=service.metadata))).reason == "NOT_FOUND"


async def test_nobody_sees_or_takes_back_the_scores_of_others(service: Service) -> None:
    given = await give(service)
    foreign = service.metadata_of(uuid4())

    answer = await stub_of(service).ListScores(messages.ListScoresRequest(), metadata=foreign)
    request = messages.DeleteScoreRequest(score_id=given.id)
    refusal = await refused(stub_of(service).DeleteScore(request, metadata=foreign))

    assert list(answer.scores) == []
    assert refusal.reason == "NOT_FOUND"
    assert list((await listed(service)).scores) == [given]


async def test_a_score_of_nothing_is_refused(service: Service) -> None:
    refusal = await refused(give(service, trace_id=""))

    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_scores_that_come_with_telemetry_are_kept_once(service: Service) -> None:
    score = Score(id=UUID(int=7), name="truth", value=0.5, trace_id=TRACE, span_id=SPAN, create_ns=now_ns())
    twin = Score(id=UUID(int=8), name="tone", label="kind", trace_id=TRACE, create_ns=score.create_ns + 1_000)

    for _ in range(2):
        batch = Batch(scores=[score, twin])
        await service.assembly.ingestor.take(service.project_id, batch, size_bytes=1)

    async with service.rows() as connection:
        assert await scores_of_trace(connection, service.project_id, TRACE, limit=10) == [score, twin]
        assert await scores_of_trace(connection, service.project_id, TRACE, limit=1) == [score]
    assert [event.score_created.score.name for event in await service.told()] == ["truth", "tone"]
