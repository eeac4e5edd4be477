"""Events are found by words and by meaning, with the reasons, and only those of the project."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from tests.integration.memory import service as memory_service
from tests.integration.observability.events import MILLISECOND, now_ns, span
from tests.integration.observability.service import Service, running_service
from timeloom.observability.v1 import event_search_service_pb2 as messages
from timeloom.observability.v1 import event_search_service_pb2_grpc as services
from timeloom.observability.v1 import observability_service_pb2 as observability_messages
from timeloom.observability.v1 import observability_service_pb2_grpc as observability_services
from timeloom.observability.v1.observability_pb2 import EventFilter, EventKind, EventStatus
from timeloom_memory.assembly import PACKAGE as MEMORY_PACKAGE
from timeloom_memory.assembly import ROOM as MEMORY_ROOM
from timeloom_observability import model
from timeloom_observability.assembly import PACKAGE, ROOM
from timeloom_observability.pace import Pace
from timeloom_observability.search.indexing import Indexing
from timeloom_observability.search.storage import forgetting, indexing
from timeloom_platform.testing.conditions import eventually
from timeloom_platform.testing.databases import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return {ROOM: PACKAGE, MEMORY_ROOM: MEMORY_PACKAGE}


@pytest_asyncio.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    """The service beside a memory service, whose model takes texts that share words for alike."""
    async with (
        memory_service.running_service(database_url) as memory,
        running_service(database_url, memory=memory.server.channel) as running,
    ):
        yield running


async def _search(
    service: Service, query: str, *, project_id: UUID | None = None, **fields: Any
) -> messages.SearchEventsResponse:
    stub = services.EventSearchServiceStub(service.channel)
    return await stub.SearchEvents(
        messages.SearchEventsRequest(query=query, **fields),
        metadata=service.metadata_of(project_id or service.project_id),
    )


async def _words(service: Service, query: str, **fields: Any) -> list[str]:
    """Returns the names of the events that have the words, best first."""
    answer = await _search(service, query, mode=messages.SEARCH_MODE_WORDS, **fields)
    return [match.event.name for match in answer.matches]


async def _take(service: Service, events: Sequence[model.Event], *, project_id: UUID | None = None) -> None:
    """Commits events, and waits until they can be found by words and by meaning."""
    await service.take(events, project_id=project_id)

    async def is_done() -> bool:
        async with service.database.system_transaction() as connection:
            arrived = await connection.fetchval("SELECT count(*) FROM event_arrivals")
            unread = await connection.fetchval("SELECT count(*) FROM event_meanings WHERE model = ''")
        return not arrived and not unread

    await eventually(is_done, describe="everything can be found")


def _call(service: Service, number: int, said: str, **fields: Any) -> model.Event:
    """Returns a call of a model that was asked something."""
    fields = {
        "kind": model.EventKind.LLM,
        "input_preview": said,
        "start_ns": now_ns() + number * MILLISECOND,
        **fields,
    }
    project_id = fields.pop("project_id", service.project_id)
    return span(project_id, number, **fields)


async def test_words_of_all_kinds_are_found(service: Service) -> None:
    await _take(
        service,
        [
            _call(service, 1, "What is the weather in Oslo?", name="chat", model="gpt-4o-mini"),
            _call(service, 2, "", name="GET /api/orders/42", message="connection reset by peer"),
            _call(service, 3, "", name="pay", error_type="openai.RateLimitError", message="slow down"),
            _call(service, 4, "", name="get_weather", kind=model.EventKind.TOOL, input=b'{"city": "Bergen"}'),
            _call(service, 5, "東京の天気は", name="tokyo"),
        ],
    )

    assert await _words(service, "weather") == ["get_weather", "chat"]
    assert await _words(service, "weather oslo") == ["chat"]
    assert await _words(service, "weather -oslo") == ["get_weather"]
    assert await _words(service, '"reset by peer"') == ["GET /api/orders/42"]
    assert await _words(service, '"peer by reset"') == []
    assert await _words(service, "orders/42") == ["GET /api/orders/42"]
    assert await _words(service, "rate limit") == ["pay"]
    assert await _words(service, "RateLimitError") == ["pay"]
    assert await _words(service, "gpt-4o") == ["chat"]
    assert await _words(service, "berg") == ["get_weather"]
    assert await _words(service, "berg ") == []
    assert await _words(service, "天気") == ["tokyo"]
    assert set(await _words(service, "oslo or bergen")) == {"chat", "get_weather"}
    assert await _words(service, "?!") == []


async def test_a_search_goes_by_meaning_too_and_says_why(service: Service) -> None:
    said = [
        "the kettle in the kitchen boils water for tea",
        "tea with milk <b>& sugar</b>",
        "a train leaves the station",
    ]
    await _take(service, [_call(service, n, each, name=f"call {n}") for n, each in enumerate(said, 1)])

    answer = await _search(service, "kettle kitchen tea")

    assert answer.by_meaning
    first, second = answer.matches
    assert (first.event.name, first.word_rank, first.meaning_rank) == ("call 1", 1, 1)
    assert first.words == ["kettle", "kitchen", "tea"]
    assert (
        first.excerpt
        == "the <mark>kettle</mark> in the <mark>kitchen</mark> boils water for <mark>tea</mark>"
    )
    assert (second.event.name, second.word_rank, second.meaning_rank) == ("call 2", 0, 2)
    assert second.excerpt == "<mark>tea</mark> with milk &lt;b&gt;&amp; sugar&lt;/b&gt;"
    assert first.score > second.score
    assert 1 > first.similarity > second.similarity > 0.2


async def test_every_filter_is_kept(service: Service) -> None:
    shared = {"name": "chat", "start_ns": now_ns()}
    await _take(
        service,
        [
            _call(service, 1, "tea for one", **shared, model="gpt-4o", session_id="s1", tags=("hot",)),
            _call(service, 2, "tea for two", **shared, status=model.EventStatus.ERROR, duration_ms=900),
            _call(service, 3, "tea for three", **shared, attributes=b'{"shop": "corner"}', parent=1),
        ],
    )

    async def found(**fields: Any) -> list[str]:
        worded, meant = [
            sorted(match.event.input_preview for match in answer.matches)
            for mode in (messages.SEARCH_MODE_WORDS, messages.SEARCH_MODE_MEANING)
            for answer in [await _search(service, "tea", filter=EventFilter(**fields), mode=mode)]
        ]
        assert worded == meant
        return worded

    one, two, three = "tea for one", "tea for two", "tea for three"
    assert await found() == [one, three, two]
    assert await found(models=["gpt-4o"]) == [one]
    assert await found(models=["gpt"]) == []
    assert await found(session_id="s1") == [one]
    assert await found(tags=["hot"]) == [one]
    assert await found(statuses=[EventStatus.EVENT_STATUS_ERROR]) == [two]
    assert await found(duration_ms_min=500) == [two]
    assert await found(attributes=["shop=corner"]) == [three]
    assert await found(kinds=[EventKind.EVENT_KIND_LLM], roots_only=True) == [one, two]
    assert await found(words="THREE") == [three]
    assert await found(trace_id=f"{1:032x}") == [one, three, two]
    assert await found(trace_id=f"{2:032x}") == []


async def test_the_words_of_a_long_input_are_found(service: Service) -> None:
    spoken = "".join(f'{{"role": "user", "content": "line {n}"}},' for n in range(300))
    document = f'[{spoken}{{"role": "user", "content": "where is the needle?"}}]'.encode()
    cut = b'"' + b"hay " * 20_000 + b'"'
    await _take(
        service,
        [_call(service, 1, "", name="long", input=document), _call(service, 2, "", name="huge", input=cut)],
    )

    assert await _words(service, "needle") == ["long"]
    assert await _words(service, "user") == []
    answer = await _search(service, "hay", mode=messages.SEARCH_MODE_WORDS)
    assert [match.event.name for match in answer.matches] == ["huge"]
    assert len(answer.matches[0].excerpt) < 2_000


async def test_what_cannot_be_found_yet_is_counted(database_url: str) -> None:
    async with running_service(database_url) as alone:
        await alone.take(
            [_call(alone, 1, "tea for two"), _call(alone, 2, "coffee", kind=model.EventKind.CHAIN, parent=1)]
        )
        stub = observability_services.ObservabilityServiceStub(alone.channel)

        async def counts() -> tuple[float, float]:
            answer = await stub.GetTelemetryStats(
                observability_messages.GetTelemetryStatsRequest(), metadata=alone.metadata
            )
            return answer.unindexed_count, answer.unembedded_count

        async def are_words_done() -> bool:
            return await counts() == (0, 1)

        await eventually(are_words_done, describe="words are found, and one meaning waits for the model")


async def test_without_the_model_words_are_found_alone(database_url: str) -> None:
    async with running_service(database_url) as alone:
        await alone.take([_call(alone, 1, "tea for two", name="chat")])

        async def found() -> messages.SearchEventsResponse:
            return await _search(alone, "tea")

        async def matches() -> bool:
            return bool((await found()).matches)

        await eventually(matches, describe="words are found")
        answer = await found()
        assert not answer.by_meaning
        assert [(match.event.name, match.word_rank, match.meaning_rank) for match in answer.matches] == [
            ("chat", 1, 0)
        ]


async def test_nobody_finds_what_is_another_projects(service: Service) -> None:
    other = uuid4()
    await _take(service, [_call(service, 1, "our secret tea", name="ours", trace=7)])
    await _take(
        service,
        [_call(service, 2, "our secret tea", name="theirs", trace=7, project_id=other)],
        project_id=other,
    )

    for mode in messages.SearchMode.values():
        mine = await _search(service, "secret tea", mode=mode)
        theirs = await _search(service, "secret tea", mode=mode, project_id=other)
        nobodys = await _search(service, "secret tea", mode=mode, project_id=uuid4())
        assert [match.event.name for match in mine.matches] == ["ours"]
        assert [match.event.name for match in theirs.matches] == ["theirs"]
        assert not nobodys.matches


async def test_what_comes_again_is_found_once(service: Service) -> None:
    events = [_call(service, number, "tea", name=f"call {number}") for number in range(1, 4)]
    await _take(service, events)
    await _take(service, events)

    assert await _words(service, "tea") == ["call 3", "call 2", "call 1"]


async def test_several_replicas_make_each_event_findable_once(service: Service) -> None:
    events = [_call(service, number, f"tea {number}") for number in range(1, 301)]
    replicas = [Indexing(service.database, Pace()) for _ in range(3)]

    await asyncio.gather(
        *(service.take(events[start : start + 30]) for start in range(0, 300, 30)),
        *(replica.index() for replica in replicas for _ in range(4)),
    )
    await _take(service, [])

    async with service.rows() as connection:
        found = await connection.fetch("SELECT event_id FROM event_words ORDER BY event_id")
        counted = await connection.fetchval("SELECT sum(event_count) FROM event_blocks")
    assert [row["event_id"] for row in found] == sorted(event.id for event in events)
    assert counted == len(events)


async def test_what_somebody_took_who_died_is_there_again(service: Service) -> None:
    await service.take([_call(service, 1, "tea", name="chat")])

    async def die() -> None:
        async with service.database.system_transaction() as connection:
            await indexing.take_arrivals(connection, 10)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await die()
    await _take(service, [])

    assert await _words(service, "tea") == ["chat"]


async def test_what_is_forgotten_is_found_no_more(service: Service) -> None:
    day = 24 * 3600 * 1_000 * MILLISECOND
    old = _call(service, 1, "old tea", name="old", start_ns=now_ns() - 3 * day)
    again = _call(service, 2, "tea that is said again", name="then", start_ns=now_ns() - 3 * day)
    new = _call(service, 3, "tea that is said again", name="now")
    await _take(service, [old, again, new])
    async with service.rows() as connection:
        first_kept = await connection.fetchval("SELECT first_event_id((now() AT TIME ZONE 'UTC')::date - 1)")

    async with service.rows() as connection:
        while await forgetting.forget(connection, service.project_id, first_kept, limit=1):
            pass

    async with service.rows() as connection:
        words = await connection.fetch("SELECT event_id FROM event_words")
        said = await connection.fetch("SELECT text FROM event_meanings")
        uses = await connection.fetch("SELECT event_id FROM event_meaning_uses")
    assert [row["event_id"] for row in words] == [new.id]
    assert [row["text"] for row in said] == ["tea that is said again"]
    assert [row["event_id"] for row in uses] == [new.id]
