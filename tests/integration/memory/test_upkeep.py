"""Archiving, summaries, clusters, looking after a namespace, uses and statistics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.integration.memory.service import MemoryClient, refused, running_service
from tests.integration.memory.tending import (
    ALWAYS,
    DEPLOYMENTS,
    TEA,
    archive,
    clusters,
    merge,
    summarise,
    tended,
    unarchive,
    undo,
    wish,
)
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.model import MemoryPolicy
from timeloom_memory.policies import Policies
from timeloom_memory.upkeep.plan import Task

SUMMARY = memory_pb2.MEMORY_KIND_CONTEXT_SUMMARY


async def created(client: MemoryClient, texts: list[str]) -> list[str]:
    return [(await client.create(text)).id for text in texts]


async def test_archived_memories_are_found_only_when_asked_for(memory_service: MemoryClient) -> None:
    one, two = await created(memory_service, ["one", "two"])
    named = memory_pb2.MemoryFilter(memory_ids=[one])
    assert await archive(memory_service, filter=named, dry_run=True) == [one]
    assert len(await memory_service.contents()) == 2
    assert await archive(memory_service, filter=named, reason="old") == [one]
    assert await archive(memory_service, filter=named) == []
    assert await memory_service.contents() == ["two"]
    assert len(await memory_service.contents(filter={"include_archived": True})) == 2
    assert (await memory_service.versions(one)).versions[0].reason == "old"
    assert await unarchive(memory_service, namespaces=["project"]) == [one]
    assert sorted(await memory_service.contents()) == ["one", "two"]
    assert (await memory_service.get(two)).version == 1


async def test_everything_at_once_is_not_archived_by_mistake(memory_service: MemoryClient) -> None:
    refusal = await refused(archive(memory_service))
    assert refusal.message == "filter is required, or namespaces: it would be every memory"


async def test_an_agent_archives_what_it_may_change(memory_service: MemoryClient) -> None:
    mine = await memory_service.create("mine", namespace="agent/ann")
    other = await memory_service.create("other", namespace="agent/bob")
    named = memory_pb2.MemoryFilter(memory_ids=[mine.id, other.id])
    assert await archive(memory_service, filter=named, as_agent_id="ann") == [mine.id]


async def test_what_has_faded_is_archived_and_what_is_used_or_important_is_not(database_url: str) -> None:
    now = datetime.now(UTC)
    moment = [now]
    async with running_service(database_url, clock=lambda: moment[0]) as client:
        faded, used = await created(client, ["a quiet thing", "something else entirely"])
        important = (await client.create("very important", importance=9)).id
        moment[0] = now + timedelta(days=200)
        for _ in range(5):
            client.assembly.accesses.note(client.project_id, [UUID(used)])
        await client.assembly.accesses.flush()
        assert set(await archive(client, retention_below=0.2, dry_run=True)) == {faded, important}
        policies = Policies(database=client.database)
        await policies.update(client.project_id, MemoryPolicy(archive_retention_below=0.2))
        assert await client.assembly.upkeep.fading.archive_due() == 1
        assert (await client.get(faded)).archived
        assert await client.assembly.upkeep.fading.archive_due() == 0


async def test_uses_are_counted_together_and_the_latest_are_kept(database_url: str) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    moment = [now]
    async with running_service(database_url, clock=lambda: moment[0]) as client:
        (memory_id,) = await created(client, ["one"])
        for minute in range(15):
            moment[0] = now + timedelta(minutes=minute)
            client.assembly.accesses.note(client.project_id, [UUID(memory_id)])
            if minute % 4 == 0:
                await client.assembly.accesses.flush()
        await client.assembly.accesses.flush()
        await client.assembly.accesses.flush()
        found = await client.get(memory_id)
        assert found.access_count == 15
        assert found.last_access_time.ToDatetime(UTC) == now + timedelta(minutes=14)
        async with client.rows() as connection:
            recent = await connection.fetchval("SELECT recent FROM memory_usage")
        assert recent == [now + timedelta(minutes=minute) for minute in range(5, 15)]


async def test_a_summary_quotes_its_sources(memory_service: MemoryClient) -> None:
    ids = await created(memory_service, [*TEA, *DEPLOYMENTS])
    made = await summarise(memory_service, max_tokens=40, save=True)
    assert 0 < made.token_count <= 40
    assert made.sentences
    for sentence in made.sentences:
        assert sentence.text in {(await memory_service.get(each)).content for each in sentence.source_ids}
    assert set(made.source_ids) <= set(ids)
    assert (made.memory.kind, made.memory.content) == (SUMMARY, made.text)
    assert list(made.memory.source_ids) == list(made.source_ids)
    about = await summarise(memory_service, max_tokens=15, query="what does Ann drink")
    assert all("tea" in sentence.text for sentence in about.sentences)


async def test_without_a_language_model_no_summary_is_written(memory_service: MemoryClient) -> None:
    refusal = await refused(summarise(memory_service, method=messages.SUMMARY_METHOD_GENERATIVE))
    assert refusal.message == "method must be EXTRACTIVE: no language model is set up (TIMELOOM_CHAT_MODEL)"


async def test_a_summary_of_nothing_is_empty_and_not_remembered(memory_service: MemoryClient) -> None:
    made = await summarise(memory_service, save=True)
    assert (made.text, made.HasField("memory")) == ("", False)


async def test_clusters_are_found_named_and_kept(memory_service: MemoryClient) -> None:
    ids = await created(memory_service, [*TEA, *DEPLOYMENTS])
    report = await tended(memory_service, wish(Task.CLUSTERS))
    assert report["clusters"]["silhouette"] > report["clusters"]["randomSilhouette"] + 0.2
    found = list((await clusters(memory_service)).clusters)
    assert [cluster.memory_count for cluster in found] == [5, 5]
    assert any("tea" in cluster.name for cluster in found)
    assert any("deployment" in cluster.name for cluster in found)
    homes = [(await memory_service.get(each)).cluster_id for each in ids]
    assert len(set(homes[:5])) == len(set(homes[5:])) == 1
    again = await tended(memory_service, wish(Task.CLUSTERS))
    assert again["clusters"]["movedCount"] == 0
    assert {each["id"] for each in again["clusters"]["clusters"]} == set(homes)


async def test_clusters_are_listed_page_by_page(memory_service: MemoryClient) -> None:
    await created(memory_service, [*TEA, *DEPLOYMENTS])
    await tended(memory_service, wish(Task.CLUSTERS))
    first = await clusters(memory_service, page_size=1)
    second = await clusters(memory_service, page_size=1, page_token=first.next_page_token)
    assert second.next_page_token == ""
    assert first.clusters[0].id != second.clusters[0].id


@pytest.mark.parametrize("merging", [True, False])
async def test_a_dry_run_reports_what_the_run_does(database_url: str, merging: bool) -> None:  # noqa: FBT001
    moment = [datetime.now(UTC)]
    async with running_service(database_url, clock=lambda: moment[0]) as client:
        await created(client, [*TEA, *DEPLOYMENTS, TEA[0].upper()])
        more = [f"The deployment of stage {letter} failed with a database timeout." for letter in "abcdefgh"]
        await created(client, more)
        wanted = wish(merge=merging, similarity=0.99)
        planned = await tended(client, wanted, dry_run=True)
        assert (await clusters(client)).clusters == []
        before = await client.contents()
        done = await tended(client, wanted)
        assert done == planned
        found = done["duplicates"]
        gone = found["memoryCount"] - found["proposalCount"] if merging else 0
        assert found["proposalCount"] >= 1
        summaries = await client.contents(filter={"kinds": [SUMMARY]})
        assert sorted(summaries) == sorted(each["text"] for each in done["summaries"])
        assert len(await client.contents()) == len(before) + len(summaries) - gone
        if merging:
            made = [
                each for each in (await client.page()).memories if each.source_ids and each.kind != SUMMARY
            ]
            assert all(each.cluster_id for each in made)
            assert len(made) == found["proposalCount"]
        again = await tended(client, wanted)
        assert sorted(await client.contents(filter={"kinds": [SUMMARY]})) == sorted(
            each["text"] for each in again["summaries"]
        )


async def test_statistics_count_what_may_be_read(memory_service: MemoryClient) -> None:
    one, two, three = await created(memory_service, ["one", "two", "three"])
    await memory_service.create("four", namespace="agent/ann", agent_id="ann")
    await memory_service.delete(one)
    await archive(memory_service, filter=memory_pb2.MemoryFilter(memory_ids=[two]))
    await memory_service.supersede(three, "five")
    await memory_service.search("five")

    async def stats(**fields: Any) -> messages.GetStatsResponse:
        request = messages.GetStatsRequest(**fields)
        return await memory_service.upkeep.GetStats(request, metadata=memory_service.metadata)

    found = await stats()
    counts = (found.memory_count, found.archived_count, found.superseded_count, found.deleted_count)
    assert counts == (4, 1, 1, 1)
    assert {each.name: each.count for each in found.namespaces} == {"project": 3, "agent/ann": 1}
    assert {each.name: each.count for each in found.kinds} == {"KNOWLEDGE": 4}
    assert {each.name for each in found.agents} == {"", "ann"}
    everything = await memory_service.page(filter={"include_superseded": True, "include_deleted": True})
    assert found.sequence == max(each.sequence for each in everything.memories)
    assert [model.embedding_model for model in found.models] == ["words"]
    assert (await stats(as_agent_id="bob")).memory_count == 3
    assert (await stats(namespaces=["agent/ann"])).memory_count == 1


async def test_nothing_is_lost_by_upkeep(database_url: str) -> None:
    """Every version of every memory can still be read, and what was known then is answered as it was."""
    moment = [datetime.now(UTC)]
    async with running_service(database_url, clock=lambda: moment[0]) as client:
        ids = await created(client, [*TEA, *DEPLOYMENTS, TEA[0].upper(), "Short.", "Short"])
        await client.update(ids[1], content="Ann drinks black tea from Assam.")
        before = {each: list((await client.versions(each)).versions) for each in ids}
        known = (await client.page(order_by="create_time")).memories
        async with client.rows() as connection:
            as_of = await connection.fetchval("SELECT time FROM project_changes")

        moment[0] += timedelta(days=900)
        first = await merge(client, ids[5], ids[6])
        await undo(client, first.id)
        await merge(client, ids[5], ids[6])
        await tended(client, wish(merge=True, rule=ALWAYS))
        await tended(client, wish())
        await summarise(client, save=True, filter=memory_pb2.MemoryFilter(include_archived=True))
        await unarchive(client, namespaces=["project"])
        await archive(client, filter=memory_pb2.MemoryFilter(kinds=[memory_pb2.MEMORY_KIND_KNOWLEDGE]))

        for each, versions in before.items():
            kept = list((await client.versions(each)).versions)[-len(versions) :]
            assert [version.memory.content for version in kept] == [
                version.memory.content for version in versions
            ]
            assert [version.known_from for version in kept] == [version.known_from for version in versions]
            assert (await client.get(each)).content == versions[0].memory.content
        stamp = memory_pb2.MemoryFilter().as_of
        stamp.FromDatetime(as_of)
        then = (await client.page(order_by="create_time", filter={"as_of": stamp})).memories
        assert [(each.id, each.content, each.version) for each in then] == [
            (each.id, each.content, each.version) for each in known
        ]


async def ended(client: MemoryClient, job: memory_pb2.Job) -> memory_pb2.Job:
    """Follows a job to its end."""
    async for answer in client.upkeep.WatchJob(
        messages.WatchJobRequest(job_id=job.id), metadata=client.metadata
    ):
        job = answer.job
    return job


async def test_a_namespace_is_clustered_by_a_job(memory_service: MemoryClient) -> None:
    await created(memory_service, [*TEA, *DEPLOYMENTS])
    request = messages.ClusterMemoriesRequest(namespace="project", cluster_count=3)
    begun = (await memory_service.upkeep.ClusterMemories(request, metadata=memory_service.metadata)).job
    job = await ended(memory_service, begun)
    assert (job.state, job.error) == (memory_pb2.JOB_STATE_SUCCEEDED, "")
    assert json.loads(job.report)["clusters"]["clusterCount"] == 3
    assert len((await clusters(memory_service)).clusters) == 3


async def test_hdbscan_leaves_alone_what_fits_nowhere(memory_service: MemoryClient) -> None:
    places = ["Kyoto", "Assam", "Fujian", "Ceylon", "Nepal", "Taiwan", "Kenya"]
    tea = await created(memory_service, [f"Ann drinks green tea from {place}." for place in places])
    parts = ["billing", "search", "login", "mail", "chat", "export", "cart"]
    deployments = await created(
        memory_service, [f"The deployment of the {part} service failed with a timeout." for part in parts]
    )
    strays = await created(
        memory_service,
        [
            "Whales sing for hours below polar ice.",
            "Rust never sleeps, say old sailors!",
            "My grandmother grew purple carrots upstairs.",
        ],
    )
    request = messages.ClusterMemoriesRequest(namespace="project", method=messages.CLUSTER_METHOD_HDBSCAN)
    begun = (await memory_service.upkeep.ClusterMemories(request, metadata=memory_service.metadata)).job
    job = await ended(memory_service, begun)
    assert (job.state, job.error) == (memory_pb2.JOB_STATE_SUCCEEDED, "")
    homes = {each: (await memory_service.get(each)).cluster_id for each in [*tea, *deployments, *strays]}
    assert [homes[each] for each in strays] == ["", "", ""]
    one, other = ({homes[each] for each in group} for group in (tea, deployments))
    assert (len(one), len(other), one & other, "" in one | other) == (1, 1, set(), False)
    found = (await clusters(memory_service)).clusters
    assert {(each.id, each.memory_count) for each in found} == {(each, 7) for each in one | other}
    assert json.loads(job.report)["clusters"]["clusterCount"] == 2


async def test_optimising_is_a_job_whose_dry_run_reports_what_it_then_does(
    memory_service: MemoryClient,
) -> None:
    await created(memory_service, [*TEA, *DEPLOYMENTS, TEA[0].upper()])

    async def optimise(**fields: Any) -> memory_pb2.Job:
        request = messages.OptimizeMemoriesRequest(namespace="project", apply_proposals=True, **fields)
        begun = await memory_service.upkeep.OptimizeMemories(request, metadata=memory_service.metadata)
        return await ended(memory_service, begun.job)

    planned = await optimise(dry_run=True)
    assert planned.dry_run
    done = await optimise()
    assert (done.state, json.loads(done.report)) == (
        memory_pb2.JOB_STATE_SUCCEEDED,
        json.loads(planned.report),
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"tasks": ["dust"]}, "tasks[0] must be one of duplicates, archive, clusters, summaries"),
        ({"similarity": 0.2}, "similarity must be between 0.5 and 1"),
    ],
)
async def test_optimising_in_a_way_that_there_is_not_is_refused(
    memory_service: MemoryClient, fields: dict[str, Any], message: str
) -> None:
    request = messages.OptimizeMemoriesRequest(namespace="project", **fields)
    call = memory_service.upkeep.OptimizeMemories(request, metadata=memory_service.metadata)
    assert (await refused(call)).message == message
