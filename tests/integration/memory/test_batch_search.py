"""Several searches in one call, each of which finds what it finds alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import pytest
import pytest_asyncio
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.memory.service import MemoryClient, metadata_of, refused, running_service, time
from tests.integration.memory.sharing import Sharing
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as messages

THINGS: Final = ("harbour", "lighthouse", "ferry", "storm", "gull", "rope", "crane", "tide")
NAMESPACES: Final = ("project/port", "project/port/east", "agent/ada", "agent/bob", "notes")
NOW: Final = "2026-06-01T12:00:00Z"
NEVER: Final = Timestamp(seconds=-(2**60))
TOLERANCE: Final = 1e-5

queries = st.lists(st.sampled_from(THINGS), min_size=1, max_size=3).map(" ".join)
vectors = st.lists(st.integers(-3, 3), min_size=3, max_size=3).filter(any)
filters = st.sampled_from(
    [
        None,
        memory_pb2.MemoryFilter(tags=["even"]),
        memory_pb2.MemoryFilter(importance_min=6),
        memory_pb2.MemoryFilter(include_archived=True),
        memory_pb2.MemoryFilter(include_expired=True, include_superseded=True),
        memory_pb2.MemoryFilter(include_deleted=True),
    ]
)
rankings = st.sampled_from(
    [
        None,
        messages.Ranking(recency=0, importance=0, frequency=0, time=0),
        messages.Ranking(keyword=0, importance=0.2),
        messages.Ranking(semantic=0, context=0),
    ]
)


@st.composite
def searches(draw: st.DrawFn) -> messages.SearchMemoriesRequest:
    request = messages.SearchMemoriesRequest(
        namespaces=draw(st.lists(st.sampled_from(NAMESPACES), max_size=2)),
        limit=draw(st.sampled_from([0, 1, 4, 60])),
        explain=draw(st.booleans()),
        collapse_duplicates=draw(st.booleans()),
        similarity_min=draw(st.sampled_from([0.0, 0.3])),
        score_min=draw(st.sampled_from([None, 0.3])),
        silent=True,
        reference_time=time(NOW),
        as_agent_id=draw(st.sampled_from(["", "ada", "bob"])),
    )
    if draw(st.booleans()):
        request.vector.extend(draw(vectors))
    if not request.vector or draw(st.booleans()):
        request.query = draw(queries) + draw(st.sampled_from(["", " last week"]))
    if (wanted := draw(filters)) is not None:
        request.filter.CopyFrom(wanted)
    if (ranking := draw(rankings)) is not None:
        request.ranking.CopyFrom(ranking)
    return request


@pytest_asyncio.fixture
async def port(database_url: str) -> AsyncIterator[MemoryClient]:
    """A service with a few dozen memories: some by vectors, some alike, some deleted, replaced or expired."""
    async with running_service(database_url) as client:
        made: list[str] = []
        for number in range(72):
            fields: dict[str, Any] = {"vector": [number % 5, 1 + number % 3, -1]} if number % 4 == 0 else {}
            first, second = THINGS[number % 8], THINGS[number * 5 % 7]
            memory = await client.create(
                f"The {first} and the {second} of pier {number // 8}.",
                namespace=NAMESPACES[number % len(NAMESPACES)],
                tags=["even"] if number % 2 == 0 else [],
                importance=1 + number % 9,
                occur_time=time(f"2026-05-{1 + number % 30:02}T08:00:00Z"),
                expire_time=time("2026-01-01T00:00:00Z") if number % 11 == 0 else None,
                **fields,
            )
            made.append(memory.id)
        for memory_id in made[5::13]:
            await client.delete(memory_id)
        await Sharing(client).share("agent/bob", memory_id=made[2], permission=memory_pb2.PERMISSION_READ)
        yield client


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(searches(), min_size=1, max_size=12))
async def test_a_search_in_a_batch_finds_what_it_finds_alone(
    port: MemoryClient, asked: list[messages.SearchMemoriesRequest]
) -> None:
    answer = await port.stub.BatchSearchMemories(
        messages.BatchSearchMemoriesRequest(searches=asked), metadata=port.metadata
    )
    assert len(answer.answers) == len(asked)
    for request, together in zip(asked, answer.answers, strict=True):
        alone = await port.stub.SearchMemories(request, metadata=port.metadata)
        assert (together.sequence, together.time_range) == (alone.sequence, alone.time_range)
        assert [result.score for result in together.results] == pytest.approx(
            [result.score for result in alone.results], abs=TOLERANCE
        )
        # What is equally good comes in one order, unless a last bit makes one of them better.
        assert _ordered(together) == _ordered(alone)
        assert all(result.HasField("signals") == request.explain for result in together.results)


def _ordered(answer: messages.SearchMemoriesResponse) -> list[tuple[float, str]]:
    return sorted((-round(result.score, 4), result.memory.id) for result in answer.results)


async def test_the_field_of_an_error_says_which_search(memory_service: MemoryClient) -> None:
    await memory_service.create("The harbour is closed.", namespace="notes", vector=[1, 0])
    good = messages.SearchMemoriesRequest(query="harbour")
    for bad, field in (
        (messages.SearchMemoriesRequest(vector=[1, 0, 0]), "vector"),
        (messages.SearchMemoriesRequest(vector=[0, 0]), "vector"),
        (messages.SearchMemoriesRequest(), "query"),
        (messages.SearchMemoriesRequest(query="q", limit=1_001), "limit"),
        (messages.SearchMemoriesRequest(query="q", namespaces=["a//b"]), "namespaces"),
        (messages.SearchMemoriesRequest(query="q", min_sequence=99), "minSequence"),
        (messages.SearchMemoriesRequest(query="q", as_agent_id="a/b"), "asAgentId"),
        (messages.SearchMemoriesRequest(query="q", reference_time=NEVER), "referenceTime"),
    ):
        refusal = await refused(_batch(memory_service, [good, good, good, bad]))
        assert refusal.status is grpc.StatusCode.INVALID_ARGUMENT
        assert refusal.message.startswith(f"searches[3].{field} ")


async def test_a_batch_has_bounds(memory_service: MemoryClient) -> None:
    one = messages.SearchMemoriesRequest(query="harbour")
    large = messages.SearchMemoriesRequest(query="harbour", limit=1_000)
    for wrong in ([], [one] * 101, [large] * 6):
        refusal = await refused(_batch(memory_service, wrong))
        assert (refusal.reason, refusal.message.split()[0]) == ("INVALID_FIELD", "searches")
    assert len((await _batch(memory_service, [one] * 100)).answers) == 100


async def test_whoever_is_bound_to_an_agent_searches_as_that_agent(memory_service: MemoryClient) -> None:
    await memory_service.create("The harbour of Ada.", namespace="agent/ada")
    await memory_service.create("The harbour of Bob.", namespace="agent/bob")
    bound = metadata_of(memory_service.server, project_id=memory_service.project_id, agent_id="bob")
    request = messages.BatchSearchMemoriesRequest(
        searches=[messages.SearchMemoriesRequest(query=query) for query in ("harbour", "ada")]
    )
    answer = await memory_service.stub.BatchSearchMemories(request, metadata=bound)
    found = {result.memory.content for each in answer.answers for result in each.results}
    assert found == {"The harbour of Bob."}
    request.searches[1].as_agent_id = "ada"
    refusal = await refused(memory_service.stub.BatchSearchMemories(request, metadata=bound))
    assert refusal.status is grpc.StatusCode.PERMISSION_DENIED


async def _batch(
    client: MemoryClient, asked: list[messages.SearchMemoriesRequest]
) -> messages.BatchSearchMemoriesResponse:
    request = messages.BatchSearchMemoriesRequest(searches=asked)
    return await client.stub.BatchSearchMemories(request, metadata=client.metadata)
