"""What is wrong is refused with the name of its field; what is merely unusual is kept as it is."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.memory.service import MemoryClient, Refusal, refused, time
from timeloom.memory.v1 import memory_service_pb2 as messages
from timeloom.state import canonical

TOO_LONG = "x" * 100_001


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("content", "", "content"),
        ("content", TOO_LONG, "content"),
        ("content", "a\0b", "content"),
        ("context", "a\0b", "context"),
        ("key", "\0", "key"),
        ("agent_id", "\0", "agentId"),
        ("session_id", "\0", "sessionId"),
        ("tags", ["a", "b\0"], "tags"),
        ("tags", [""], "tags"),
        ("tags", ["x" * 201], "tags"),
        ("tags", [str(number) for number in range(1001)], "tags"),
        ("metadata", {"a": ["\0"]}, "metadata"),
        ("metadata", {"\0": 1}, "metadata"),
        ("kind", 99, "kind"),
        ("importance", 0.5, "importance"),
        ("importance", 10.5, "importance"),
        ("importance", math.nan, "importance"),
        ("memory_id", "not an id", "memoryId"),
        ("vector", [math.nan, 1.0], "vector"),
        ("vector", [math.inf, 1.0], "vector"),
        ("vector", [0.0, 0.0], "vector"),
        ("vector", [1.0] * 16_001, "vector"),
        ("vector_model", "\0", "vectorModel"),
        ("valid_to", time("2000-01-01T00:00:00Z"), "validTo"),
    ],
    ids=repr,
)
async def test_a_wrong_field_is_named(
    memory_service: MemoryClient, field: str, value: Any, named: str
) -> None:
    fields: dict[str, Any] = {"content": "One.", "valid_from": time("2001-01-01T00:00:00Z"), field: value}
    refusal = await refused(memory_service.create(**fields))
    assert (refusal.status, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert refusal.message.startswith(f"{named} ")
    assert await memory_service.contents() == []


async def test_a_text_of_ten_megabytes_is_refused(memory_service: MemoryClient) -> None:
    refusal = await refused(memory_service.create("x" * 10_000_000))
    assert (refusal.reason, refusal.message.startswith("content ")) == ("INVALID_FIELD", True)


async def test_metadata_that_are_no_json_or_too_large_are_refused(memory_service: MemoryClient) -> None:
    async def outcome(metadata: bytes) -> Refusal:
        request = messages.CreateMemoryRequest(content="One.", metadata=metadata)
        return await refused(memory_service.stub.CreateMemory(request, metadata=memory_service.metadata))

    assert (await outcome(b"{")).reason == "MALFORMED_JSON"
    assert (await outcome(b'"\\ud800"')).reason == "MALFORMED_JSON"
    assert (await outcome(b'"' + b"x" * 70_000 + b'"')).reason == "INVALID_FIELD"


async def test_vectors_of_one_model_have_one_dimension_in_a_namespace(memory_service: MemoryClient) -> None:
    await memory_service.create(vector=[1, 2, 3])
    refusal = await refused(memory_service.create(vector=[1, 2]))
    assert (refusal.reason, "has 2 dimensions" in refusal.message, "have 3" in refusal.message) == (
        "INVALID_FIELD",
        True,
        True,
    )
    await memory_service.create(vector=[1, 2], vector_model="another")
    await memory_service.create(vector=[1, 2], namespace="elsewhere")
    refusal = await refused(memory_service.create(vector=[1, 2], vector_model="words"))
    assert "have 64" in refusal.message


@pytest.mark.parametrize(
    ("memories", "named"),
    [
        ([{"content": "One."}, {"content": "a\0b"}], "memories[1].content"),
        (
            [{"content": "One.", "vector": [1, 2]}, {"content": "Two.", "vector": [0, 0]}],
            "memories[1].vector",
        ),
        (
            [{"content": "One.", "vector": [1, 2]}, {"content": "Two.", "vector": [1, 2, 3]}],
            "memories[1].vector",
        ),
        ([{"content": "One.", "key": "k"}, {"content": "Two.", "key": "k"}], "memories[1].key"),
        (
            [{"content": "One.", "memory_id": str(uuid4())}] * 2,
            "memories[1].memoryId",
        ),
        ([{"content": "One."}, {"content": "Two.", "namespace": "/"}], "memories[1].namespace"),
    ],
)
async def test_a_batch_is_created_as_a_whole_or_not_at_all(
    memory_service: MemoryClient, memories: Sequence[dict[str, Any]], named: str
) -> None:
    new = [messages.NewMemory(**fields) for fields in memories]
    refusal = await refused(memory_service.batch(new))
    assert (refusal.reason, refusal.message.startswith(f"{named} ")) == ("INVALID_FIELD", True)
    assert await memory_service.contents() == []

    async def requests() -> AsyncIterator[messages.StreamMemoriesRequest]:
        yield messages.StreamMemoriesRequest(request_id=7, memories=new)
        yield messages.StreamMemoriesRequest(request_id=8, memories=[messages.NewMemory(content="Fine.")])

    call = memory_service.stub.StreamMemories(requests(), metadata=memory_service.metadata)
    answers = [answer async for answer in call]
    assert [(each.request_id, each.refusal.reason, each.refusal.field) for each in answers] == [
        (7, "INVALID_FIELD", named),
        (8, "", ""),
    ]
    assert [each.retryable for each in (answer.refusal for answer in answers)] == [False, False]
    assert await memory_service.contents() == ["Fine."]


async def test_a_thousand_tags_are_kept(memory_service: MemoryClient) -> None:
    tags = [f"tag {number}" for number in range(1000)]
    created = await memory_service.create(tags=tags)
    assert list((await memory_service.get(created.id)).tags) == tags
    assert await memory_service.contents(filter={"tags": ["tag 0", "tag 999"]}) == [created.content]
    assert await memory_service.contents(filter={"tags": ["tag 0", "tag 1000"]}) == []


@pytest.mark.parametrize("as_agent_id", ["a/b", "\0", ".."])
async def test_what_is_no_agent_is_refused(memory_service: MemoryClient, as_agent_id: str) -> None:
    assert (await refused(memory_service.create(as_agent_id=as_agent_id))).reason == "INVALID_FIELD"


async def test_what_is_not_there_is_not_found(memory_service: MemoryClient) -> None:
    memory_id = str(uuid4())
    for call in (
        memory_service.get(memory_id),
        memory_service.update(memory_id, content="One."),
        memory_service.supersede(memory_id, "One."),
        memory_service.delete(memory_id),
        memory_service.delete(memory_id, purge=True),
        memory_service.restore(memory_id),
        memory_service.versions(memory_id),
    ):
        assert (await refused(call)).reason == "NOT_FOUND"
    created = await memory_service.create()
    assert (await refused(memory_service.get(created.id, version=2))).reason == "NOT_FOUND"
    assert await memory_service.contents(namespaces=["nobody/was/here"]) == []


async def test_the_longest_names_fit_into_every_index(memory_service: MemoryClient) -> None:
    namespace, key, session = "".join(chr(0x20000 + number * 7) for number in range(125)), "", ""
    for number in range(500):
        key += chr(0x20000 + number * 31)
        session += chr(0x30000 + number * 7) if number < 200 else ""
    fields: dict[str, Any] = {"namespace": namespace, "key": key, "session_id": session, "agent_id": session}
    model: dict[str, Any] = {"vector": [1, 2], "vector_model": session}
    created = await memory_service.create(tags=[session], **fields, **model)
    assert await memory_service.get(created.id) == created
    assert (await memory_service.page(key=key)).memories == [created]


async def test_a_version_that_no_memory_reaches_is_not_found(memory_service: MemoryClient) -> None:
    created = await memory_service.create()
    last = 2**31 - 1
    assert (await refused(memory_service.get(created.id, version=last))).reason == "NOT_FOUND"


@pytest.mark.parametrize("metadata", ["text", "0", '"quoted"', 0, 1.0, [], {}, True], ids=repr)
async def test_metadata_are_the_same_in_every_version(memory_service: MemoryClient, metadata: Any) -> None:
    created = await memory_service.create(metadata=metadata)
    assert created.metadata == canonical.encode(metadata)
    assert await memory_service.get(created.id, version=1) == created


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=50)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=TEXTS, context=TEXTS, key=TEXTS, session=TEXTS, tag=TEXTS, metadata=DOCUMENTS)
async def test_texts_of_all_kinds_come_back_as_they_were(
    memory_service: MemoryClient,
    *,
    content: str,
    context: str,
    key: str,
    session: str,
    tag: str,
    metadata: Any,
) -> None:
    created = await memory_service.create(
        content,
        context=context,
        key=f"{uuid4()}{key}",
        session_id=session,
        tags=[tag],
        metadata=metadata,
    )
    found = await memory_service.get(created.id)
    assert found == created
    assert (found.content, found.context, found.session_id, list(found.tags)) == (
        content,
        context,
        session,
        [tag],
    )
    assert found.metadata == (b"" if metadata is None else canonical.encode(metadata))
    assert (await memory_service.get(created.id, version=1)) == created
