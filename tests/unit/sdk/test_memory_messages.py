"""Values of the memory client and messages of the contract have the same fields; nothing is lost."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from google.protobuf.message import Message

from timeloom import memories
from timeloom._messages import assign, read, write
from timeloom.memory.v1 import memory_pb2 as nouns
from timeloom.memory.v1 import memory_service_pb2 as service
from timeloom.memory.v1 import memory_sharing_service_pb2 as sharing
from timeloom.memory.v1 import memory_upkeep_service_pb2 as upkeep

NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)

PAIRS: list[tuple[type[Any], type[Message]]] = [
    (memories.Memory, nouns.Memory),
    (memories.MemoryVersion, nouns.MemoryVersion),
    (memories.MemoryFilter, nouns.MemoryFilter),
    (memories.NewMemory, service.NewMemory),
    (memories.Ranking, service.Ranking),
    (memories.Signal, service.Signal),
    (memories.Signals, service.Signals),
    (memories.SearchResult, service.SearchResult),
    (memories.SearchResults, service.SearchMemoriesResponse),
    (memories.TimeRange, service.TimeRange),
    (memories.MemoryContext, service.BuildContextResponse),
    (memories.Namespace, nouns.Namespace),
    (memories.Grant, nouns.Grant),
    (memories.Team, nouns.Team),
    (memories.Subscription, nouns.Subscription),
    (memories.Evidence, nouns.Evidence),
    (memories.SyncOutcome, sharing.SyncOutcome),
    (memories.SummarySentence, upkeep.SummarySentence),
    (memories.Summary, upkeep.SummarizeMemoriesResponse),
    (memories.Cluster, nouns.Cluster),
    (memories.Proposal, nouns.Proposal),
    (memories.Job, nouns.Job),
    (memories.Count, upkeep.Count),
    (memories.ShardStats, upkeep.ShardStats),
    (memories.ModelStats, upkeep.ModelStats),
    (memories.MemoryStats, upkeep.GetStatsResponse),
    (memories.MemoryPolicy, upkeep.MemoryPolicy),
]
ENUMS: list[tuple[type[StrEnum], Any, str]] = [
    (memories.MemoryKind, nouns.MemoryKind, "MEMORY_KIND_"),
    (memories.MemoryChange, nouns.MemoryChange, "MEMORY_CHANGE_"),
    (memories.Permission, nouns.Permission, "PERMISSION_"),
    (memories.Stance, nouns.Stance, "STANCE_"),
    (memories.ConflictPolicy, sharing.ConflictPolicy, "CONFLICT_POLICY_"),
    (memories.SyncAction, sharing.SyncAction, "SYNC_ACTION_"),
    (memories.ProposalState, nouns.ProposalState, "PROPOSAL_STATE_"),
    (memories.JobKind, nouns.JobKind, "JOB_KIND_"),
    (memories.JobState, nouns.JobState, "JOB_STATE_"),
    (memories.SummaryMethod, upkeep.SummaryMethod, "SUMMARY_METHOD_"),
    (memories.ClusterMethod, upkeep.ClusterMethod, "CLUSTER_METHOD_"),
    (memories.DecayModel, upkeep.DecayModel, "DECAY_MODEL_"),
]


@pytest.mark.parametrize(("kind", "message"), PAIRS)
def test_the_names_are_the_contracts(kind: type[Any], message: type[Message]) -> None:
    assert {each.name for each in fields(kind)} == set(message.DESCRIPTOR.fields_by_name)
    assert isinstance(read(kind, message()), kind)


@pytest.mark.parametrize(("kind", "enum", "prefix"), ENUMS)
def test_the_members_are_the_contracts(kind: type[StrEnum], enum: Any, prefix: str) -> None:
    names = {name.removeprefix(prefix) for name in enum.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - no dict
    assert {member.value for member in kind} == names


def test_a_memory_is_read_as_it_was_sent() -> None:
    message = nouns.Memory(
        id="m",
        kind=nouns.MEMORY_KIND_SKILL,
        metadata=b'{"a":[1,null]}',
        tags=["x", "y"],
        importance=7.5,
        vector=[0.5, -1.0],
        sequence=2**40,
    )
    message.occur_time.FromDatetime(NOW)
    memory = read(memories.Memory, message)
    assert (memory.id, memory.kind, memory.metadata) == ("m", memories.MemoryKind.SKILL, {"a": [1, None]})
    assert (memory.tags, memory.importance, memory.vector) == (("x", "y"), 7.5, (0.5, -1.0))
    assert (memory.occur_time, memory.valid_to, memory.sequence) == (NOW, None, 2**40)


def test_values_are_written_where_they_are_given() -> None:
    new = memories.NewMemory(
        content="c", kind=memories.MemoryKind.KNOWLEDGE, metadata={"b": 1}, occur_time=NOW, vector=(1, 2)
    )
    message = write(new, service.NewMemory)
    assert (message.content, message.kind, message.metadata) == (
        "c",
        nouns.MEMORY_KIND_KNOWLEDGE,
        b'{"b":1}',
    )
    assert message.occur_time.ToDatetime(tzinfo=UTC) == NOW
    assert list(message.vector) == [1.0, 2.0]
    assert not message.HasField("valid_to")
    ranking = service.SearchMemoriesRequest()
    assign(ranking, "ranking", memories.Ranking(semantic=0.0))
    assert ranking.ranking.HasField("semantic")
    assert not ranking.ranking.HasField("keyword")


def test_a_search_says_all_that_the_contract_knows_but_who_asks() -> None:
    assert {each.name for each in fields(memories.MemorySearch)} == set(
        service.SearchMemoriesRequest.DESCRIPTOR.fields_by_name
    ) - {"as_agent_id"}
    search = memories.MemorySearch(
        query="q", filter=memories.MemoryFilter(tags=["t"]), ranking=memories.Ranking(keyword=0.0)
    )
    message = write(search, service.SearchMemoriesRequest, as_agent_id="ada")
    assert message == service.SearchMemoriesRequest(
        query="q",
        filter=nouns.MemoryFilter(tags=["t"]),
        ranking=service.Ranking(keyword=0.0),
        as_agent_id="ada",
    )


def test_what_is_no_json_is_refused_by_its_name() -> None:
    with pytest.raises(TypeError, match="metadata is not JSON"):
        write(memories.NewMemory(content="c", metadata={"a": object()}), service.NewMemory)


def test_members_of_a_newer_server_are_none() -> None:
    job = nouns.Job.FromString(bytes([4 << 3, 99]))  # field 4, the state
    assert read(memories.Job, job).state is None
