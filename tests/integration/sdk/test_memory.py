"""Every method of `client.memory` against the real service, by the blocking and the asynchronous client."""

from __future__ import annotations

import asyncio
import inspect
import math
import uuid
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.sdk.memory_service import OTHER_MODEL, MemoryService
from timeloom import AsyncTimeloom, Timeloom
from timeloom._blocking import Pager
from timeloom.aio.memory import AsyncMemories
from timeloom.client import Memories
from timeloom.errors import (
    AlreadyExistsError,
    ConflictError,
    EtagMismatchError,
    InvalidFieldError,
    MissingScopeError,
    NotFoundError,
    PermissionDeniedError,
)
from timeloom.memories import (
    ConflictPolicy,
    DecayModel,
    JobKind,
    JobState,
    MemoryChange,
    MemoryFilter,
    MemoryKind,
    MemoryPolicy,
    MemorySearch,
    NewMemory,
    Permission,
    ProposalState,
    Ranking,
    Stance,
    SyncAction,
)

MAY = datetime(2026, 5, 1, tzinfo=UTC)
NOWHERE = str(uuid.UUID(int=7, version=4))
LONG = "x" * 10_001


class Calls:
    """The methods of either client's memories; whatever they return is awaited, or read to its end."""

    def __init__(self, memories: Memories | AsyncMemories) -> None:
        self._memories = memories

    def as_agent(self, agent_id: str) -> Calls:
        return Calls(self._memories.as_agent(agent_id))

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._memories, name)

        async def awaited(*args: Any, **fields: Any) -> Any:
            if isinstance(self._memories, Memories):
                return await asyncio.to_thread(lambda: _whole(method(*args, **fields)))
            result = method(*args, **fields)
            return [each async for each in result] if isinstance(result, AsyncIterable) else await result

        return awaited


def _whole(result: Any) -> Any:
    return list(result) if isinstance(result, Pager | Iterator) else result


@pytest_asyncio.fixture(params=["blocking", "asyncio"])
async def memory(request: pytest.FixtureRequest, memory_service: MemoryService) -> AsyncGenerator[Calls]:
    """Memories by the key of an administrator."""
    settings: dict[str, Any] = {"api_key": memory_service.admin_key, "grpc_address": memory_service.address}
    if request.param == "blocking":
        with Timeloom(**settings) as client:
            yield Calls(client.memory)
    else:
        async with AsyncTimeloom(**settings) as client:
            yield Calls(client.memory)


@pytest.fixture
def namespace() -> str:
    return f"project/{uuid.uuid4().hex[:10]}"


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def test_the_blocking_client_has_every_method() -> None:
    public = {name for name, _ in inspect.getmembers(AsyncMemories, callable) if not name.startswith("_")}
    assert public <= set(dir(Memories))


async def test_what_is_written_comes_back(memory: Calls, namespace: str) -> None:
    given = {
        "namespace": namespace,
        "key": "ann/tea",
        "kind": MemoryKind.USER_PREFERENCE,
        "session_id": "talk-7",
        "context": "We spoke of drinks.",
        "metadata": {"cups": 3, "ünï": [1.5, None]},
        "tags": ("ann", "tea"),
        "importance": 8.0,
        "occur_time": MAY,
        "valid_from": MAY,
        "expire_time": datetime(2999, 1, 1, tzinfo=UTC),
        "agent_id": "waiter",
        "memory_id": str(uuid.uuid4()),
    }
    made = await memory.add("Ann drinks  green tea.\n", **given)
    assert made.content == "Ann drinks  green tea.\n"
    assert {name: getattr(made, name.replace("memory_id", "id")) for name in given} == given
    assert await memory.get(made.id) == made
    assert await memory.add("Ann drinks  green tea.\n", **given) == made, "writing it again changes nothing"
    seen = await memory.get(made.id, include_vector=True)
    assert (len(seen.vector), seen.dimension) == (64, 64)
    with pytest.raises(AlreadyExistsError):
        await memory.add("Ann drinks coffee.", namespace=namespace, key="ann/tea")


async def test_many_are_written_at_once_and_listed(memory: Calls, namespace: str) -> None:
    told: list[int] = []
    new = [NewMemory(content=f"Fact {n}.", importance=n + 1.0, tags=["odd"] * (n % 2)) for n in range(5)]
    assert await memory.add_many(new, namespace=namespace, batch_size=2, progress=told.append) == 5
    assert told == [2, 4, 5]
    found = await memory.list(namespaces=[namespace], order_by="importance desc", page_size=2)
    assert [each.content for each in found] == [f"Fact {n}." for n in (4, 3, 2, 1, 0)]
    odd = await memory.list(namespaces=[namespace], filter=MemoryFilter(tags=["odd"]), limit=1)
    assert [each.content for each in odd] == ["Fact 3."]
    with pytest.raises(InvalidFieldError) as raised:
        await memory.add_many(["fine", ""], namespace=f"{namespace}/none")
    assert [each.field for each in raised.value.violations] == ["memories[1].content"]
    assert await memory.list(namespaces=[f"{namespace}/none"]) == []


async def test_changes_are_versions(memory: Calls, namespace: str) -> None:
    first = await memory.add("Ann lives in Graz.", namespace=namespace, key="home", metadata={"a": 1, "b": 2})
    second = await memory.update(
        first.id,
        kind=MemoryKind.CONVERSATION,
        metadata={"b": None, "c": 3},
        tags=["home"],
        expire_time=datetime(2999, 1, 1, tzinfo=UTC),
        reason="told so",
        etag=first.etag,
    )
    assert (second.metadata, second.tags, second.kind) == ({"a": 1, "c": 3}, ("home",), "CONVERSATION")
    assert (await memory.update(first.id, clear=["expireTime"])).expire_time is None
    with pytest.raises(EtagMismatchError):
        await memory.update(first.id, content="Ann lives in Wien.", etag=first.etag)

    moved = await memory.supersede(first.id, "Ann lives in Linz.", reason="she moved")
    assert (moved.supersedes, moved.key, moved.tags) == (first.id, "home", ("home",))
    assert (await memory.get(first.id, version=1)).content == "Ann lives in Graz."
    history = await memory.history(first.id, page_size=2)
    assert [each.change for each in history] == ["SUPERSEDED", "UPDATED", "UPDATED", "CREATED"]
    assert (history[0].reason, history[2].reason) == ("she moved", "told so")
    then = MemoryFilter(as_of=history[2].known_from)
    known = await memory.list(namespaces=[namespace], filter=then)
    assert [each.content for each in known] == ["Ann lives in Graz."]
    with pytest.raises(InvalidFieldError, match="superseded already"):
        await memory.supersede(first.id, "Ann lives in Wels.")


async def test_what_is_deleted_is_restored_until_it_is_purged(memory: Calls, namespace: str) -> None:
    made = await memory.add("Short-lived.", namespace=namespace)
    assert (await memory.delete(made.id, reason="a mistake")).delete_time is not None
    assert await memory.list(namespaces=[namespace]) == []
    assert (await memory.restore(made.id)).delete_time is None
    await memory.delete(made.id, purge=True)
    for method in (memory.get, memory.delete, memory.restore):
        with pytest.raises(NotFoundError):
            await method(made.id)


async def test_search_finds_by_words_vectors_and_time(memory: Calls, namespace: str) -> None:
    tea = await memory.add("Ann drinks green tea.", namespace=namespace, occur_time=MAY)
    await memory.add("The build is red.", namespace=namespace, occur_time=MAY - timedelta(days=90))
    found = await memory.search(
        "what tea did Ann drink yesterday?",
        namespaces=[namespace],
        min_sequence=tea.sequence,
        explain=True,
        ranking=Ranking(recency=0.0, keyword=2.0),
        reference_time=MAY + timedelta(days=1),
        silent=True,
    )
    assert found[0].memory == tea
    assert found.sequence >= tea.sequence
    assert found.time_range is not None
    assert found.time_range.words == "yesterday"
    assert (found[0].signals.keyword.rank, found[0].signals.semantic.rank) == (1, 1)
    weighed, boosts = (
        ("semantic", "keyword", "context", "context_semantic"),
        ("importance", "frequency", "time"),
    )
    parts = {name: getattr(found[0].signals, name).contribution for name in (*weighed, *boosts)}
    whole = sum(parts[name] for name in weighed) * math.prod(parts[name] for name in boosts)
    assert found[0].score == pytest.approx(whole), "what is explained is the whole score"
    assert len(await memory.search("Ann", namespaces=[namespace], limit=1)) == 1

    own = await memory.add("By its vector.", namespace=namespace, vector=[0.6, 0.8], vector_model="mine")
    (by_vector,) = await memory.search(vector=[3.0, 4.0], vector_model="mine", namespaces=[namespace])
    assert by_vector.memory == own
    with pytest.raises(InvalidFieldError):
        await memory.search(namespaces=[namespace])


async def test_several_searches_are_done_at_once(memory: Calls, namespace: str) -> None:
    tea = await memory.add("Ann drinks green tea.", namespace=namespace)
    build = await memory.add("The build is red.", namespace=namespace)
    asked = [
        MemorySearch(query=query, namespaces=[namespace], limit=1, min_sequence=build.sequence, silent=True)
        for query in ("what does Ann drink?", "is the build fine?", "Ann's tea")
    ]
    found = await memory.search_many([*asked, "green tea"], batch_size=2)
    assert [each[0].memory for each in found[:3]] == [tea, build, tea]
    assert len(found) == 4
    with pytest.raises(InvalidFieldError):
        await memory.search_many([asked[0], MemorySearch(namespaces=[namespace])])


async def test_a_context_keeps_to_its_budget(memory: Calls, namespace: str) -> None:
    await memory.add_many([f"Ann drinks tea number {n}." for n in range(20)], namespace=namespace)
    made = await memory.context(
        "what does Ann drink?", max_tokens=60, namespaces=[namespace], group_by="none", diversity=0.2
    )
    assert 0 < made.token_count <= 60
    assert made.results
    assert all(each.memory.content in str(made) for each in made.results)
    with pytest.raises(InvalidFieldError, match="groupBy"):
        await memory.context("x", group_by="colour")


async def test_namespaces_are_made_described_and_deleted(memory: Calls, namespace: str) -> None:
    made = await memory.create_namespace(namespace, description="Tea", embedding_model="")
    assert (made.embedding_model, made.memory_count) == ("", 0)
    changed = await memory.update_namespace(namespace, description="Coffee", etag=made.etag)
    assert await memory.namespace(namespace) == changed
    await memory.add("x", namespace=f"{namespace}/deep")
    assert [each.name for each in await memory.namespaces(namespace)] == [namespace, f"{namespace}/deep"]
    with pytest.raises(EtagMismatchError):
        await memory.update_namespace(namespace, description="Tea", etag=made.etag)
    assert await memory.delete_namespace(f"{namespace}/deep") == 1
    with pytest.raises(NotFoundError):
        await memory.namespace(f"{namespace}/deep")


async def test_agents_and_teams_see_what_they_may(memory: Calls) -> None:
    writer, reader, team_id = unique("writer"), unique("reader"), unique("team")
    made = await memory.as_agent(writer).add("A secret of mine.")
    theirs = memory.as_agent(reader)
    with pytest.raises(NotFoundError):
        await theirs.get(made.id)
    team = await memory.set_team(team_id, [reader])
    assert await memory.teams(reader) == [team]
    grant = await memory.as_agent(writer).share(
        principal=f"team/{team_id}",
        memory_id=made.id,
        permission=Permission.READ,
        expire_time=datetime(2999, 1, 1, tzinfo=UTC),
    )
    assert await memory.grants(memory_id=made.id) == [grant]
    assert (await theirs.get(made.id)).content == "A secret of mine."
    with pytest.raises(PermissionDeniedError):
        await theirs.update(made.id, content="Mine now.")
    await memory.as_agent(writer).revoke(grant.id)
    assert made.id not in [each.memory.id for each in await theirs.search("a secret of mine")]
    with pytest.raises(NotFoundError):
        await theirs.get(made.id)
    await memory.delete_team(team_id)
    assert await memory.teams(reader) == []


async def test_a_subscription_brings_what_is_new(memory: Calls, namespace: str) -> None:
    reader = memory.as_agent(unique("reader"))
    await memory.add("Before.", namespace=namespace)
    made = await reader.subscribe(namespaces=[namespace], kinds=[MemoryKind.SKILL], tags=["tea"])
    assert await reader.subscriptions() == [made]
    new = await memory.add("Steep it.", namespace=namespace, kind=MemoryKind.SKILL, tags=["tea"])
    await memory.add("No skill.", namespace=namespace, tags=["tea"])
    news = await reader.news(made.id, limit=10)
    assert list(news) == [new]
    assert (await reader.acknowledge(made.id, news.sequence)).sequence == news.sequence
    assert list(await reader.news(made.id)) == []
    with pytest.raises(InvalidFieldError, match="sequence"):
        await reader.acknowledge(made.id, news.sequence + 1_000_000)
    await reader.unsubscribe(made.id)
    for method in (reader.news, reader.unsubscribe):
        with pytest.raises(NotFoundError):
            await method(made.id)


async def test_namespaces_are_brought_into_line(memory: Calls, namespace: str) -> None:
    await memory.add("Ann lives in Graz.", namespace=f"{namespace}/a", key="home", session_id="s")
    await memory.add("Ann lives in Linz.", namespace=f"{namespace}/b", key="home")
    wish: dict[str, Any] = {"policy": ConflictPolicy.NEWEST, "source_session_id": "s", "similarity": 0.9}
    planned = await memory.sync(f"{namespace}/a", f"{namespace}/b", dry_run=True, **wish)
    assert [each.action for each in planned] == [SyncAction.KEPT_TARGET]
    await memory.sync(f"{namespace}/a", f"{namespace}/b", **wish)
    copied = await memory.sync(f"{namespace}/b", f"{namespace}/c", both_ways=True)
    assert [each.action for each in copied] == [SyncAction.COPIED, SyncAction.UNCHANGED]
    with pytest.raises(InvalidFieldError, match="target"):
        await memory.sync(f"{namespace}/a", f"{namespace}/a")


async def test_confidence_follows_the_evidence(memory: Calls, namespace: str) -> None:
    made = await memory.add("Ann drinks tea.", namespace=namespace)
    seen = await memory.add("Ann ordered tea.", namespace=namespace)
    more = await memory.confirm(made.id, agent_id="a", note="saw it", evidence_memory_id=seen.id)
    less = await memory.contradict(made.id, agent_id="b")
    assert more > less
    assert (await memory.get(made.id)).confidence == less
    evidence = await memory.evidence(made.id)
    assert [(each.agent_id, each.stance) for each in evidence] == [
        ("b", Stance.CONTRADICTS),
        ("a", Stance.CONFIRMS),
    ]
    for method in (memory.confirm, memory.contradict):
        with pytest.raises(InvalidFieldError, match="evidenceMemoryId"):
            await method(made.id, agent_id="a", evidence_memory_id=made.id)


async def test_the_archive_takes_and_gives_back(memory: Calls, namespace: str) -> None:
    made = await memory.add("Old.", namespace=namespace)
    assert await memory.archive(namespaces=[namespace], dry_run=True) == (made.id,)
    assert await memory.archive([made.id], reason="old") == (made.id,)
    assert await memory.list(namespaces=[namespace]) == []
    assert await memory.unarchive([made.id], dry_run=True) == (made.id,)
    assert await memory.unarchive(
        namespaces=[namespace], filter=MemoryFilter(kinds=[MemoryKind.KNOWLEDGE])
    ) == (made.id,)
    assert (await memory.get(made.id)).archived is False


async def test_a_merge_is_undone(memory: Calls, namespace: str) -> None:
    ids = [(await memory.add(f"Ann drinks tea {n}.", namespace=namespace)).id for n in range(2)]
    merged = await memory.merge(ids, content="Ann drinks tea.", reason="the same")
    assert (set(merged.source_ids), merged.content) == (set(ids), "Ann drinks tea.")
    assert {each.id for each in await memory.undo_merge(merged.id)} == set(ids)
    assert {each.id for each in await memory.list(namespaces=[namespace])} == set(ids)
    with pytest.raises(InvalidFieldError, match="memoryIds"):
        await memory.merge(ids[:1])


async def test_duplicates_are_proposed(memory: Calls, namespace: str) -> None:
    for text in ("Ann drinks tea.", "The build is red."):
        await memory.add_many([text, text], namespace=namespace)
    job = await memory.optimize(namespace, tasks=["duplicates"], similarity=0.99)
    assert (job.kind, job.namespace, job.dry_run) == (JobKind.OPTIMIZE, namespace, False)
    assert (await memory.wait(job.id)).state is JobState.SUCCEEDED
    one, other = await memory.proposals(namespace)
    merged = await memory.apply_proposal(one.id)
    assert set(merged.source_ids) == set(one.memory_ids)
    assert (await memory.reject_proposal(other.id)).state is ProposalState.REJECTED
    applied = await memory.proposals(namespace, state=ProposalState.APPLIED)
    assert [each.id for each in applied] == [one.id]
    for call in (memory.apply_proposal(other.id), memory.reject_proposal(one.id)):
        with pytest.raises(ConflictError, match="not open any more"):
            await call


async def test_clusters_summaries_and_jobs(memory: Calls, namespace: str) -> None:
    texts = [f"The cat sleeps on sofa {n}." for n in range(8)]
    texts += [f"Rockets burn oxygen in test {n}." for n in range(8)]
    await memory.add_many(texts, namespace=namespace)
    job = await memory.cluster(namespace, cluster_count=2)
    states = [each.state for each in await memory.watch(job.id)]
    assert states[-1] is JobState.SUCCEEDED
    done = await memory.job(job.id)
    assert (done.has_ended, done.kind) == (True, JobKind.CLUSTER)
    assert await memory.jobs(namespace, state=JobState.SUCCEEDED) == [done]
    assert (await memory.cancel_job(job.id)).state is JobState.SUCCEEDED, "it had ended"
    clusters = await memory.clusters(namespace)
    assert [each.memory_count for each in clusters] == [8, 8]
    inside = MemoryFilter(cluster_ids=[clusters[0].id])
    assert len(await memory.list(namespaces=[namespace], filter=inside)) == 8

    summary = await memory.summarize(namespace, query="cats", max_tokens=40, save=True, memory_limit=50)
    assert 0 < summary.token_count <= 40
    assert summary.memory is not None
    assert (await memory.get(summary.memory.id)).content == summary.text
    assert {each.text for each in summary.sentences} <= set(texts)


async def test_a_namespace_changes_its_model(memory: Calls, namespace: str) -> None:
    made = await memory.add("Ann drinks tea.", namespace=namespace)
    done = await memory.wait((await memory.reembed(namespace, OTHER_MODEL)).id)
    assert (done.kind, done.state) == (JobKind.REEMBED, JobState.SUCCEEDED)
    now = await memory.get(made.id)
    assert (now.embedding_model, now.content) == (OTHER_MODEL, made.content)
    assert (await memory.history(made.id, limit=1))[0].change is MemoryChange.EMBEDDED


async def test_statistics_and_the_policy(memory: Calls, namespace: str) -> None:
    await memory.add("Counted.", namespace=namespace)
    stats = await memory.stats([namespace])
    assert (stats.memory_count, [each.name for each in stats.namespaces]) == (1, [namespace])
    before = await memory.policy()
    wanted = MemoryPolicy(decay_model=DecayModel.EXPONENTIAL, half_life_days=7, purge_deleted_after_days=3)
    changed = await memory.set_policy(wanted)
    assert (changed.decay_model, changed.half_life_days) == (DecayModel.EXPONENTIAL, 7)
    assert (await memory.policy()).purge_deleted_after_days == 3
    await memory.set_policy(before)
    with pytest.raises(InvalidFieldError, match="archiveRetentionBelow"):
        await memory.set_policy(MemoryPolicy(archive_retention_below=2))


@pytest.mark.parametrize(
    ("method", "arguments", "field"),
    [
        ("get", {"memory_id": "7"}, "memoryId"),
        ("update", {"memory_id": NOWHERE, "importance": 11.0}, "importance"),
        ("delete", {"memory_id": "7"}, "memoryId"),
        ("restore", {"memory_id": "7"}, "memoryId"),
        ("list", {"order_by": "colour"}, "orderBy"),
        ("history", {"memory_id": "7"}, "memoryId"),
        ("search", {"query": LONG}, "query"),
        ("create_namespace", {"name": "a//b"}, "namespace"),
        ("namespace", {"name": ""}, "namespace"),
        ("namespaces", {"prefix": LONG}, "prefix"),
        ("delete_namespace", {"name": ""}, "namespace"),
        ("share", {"principal": "ann", "namespace": "project"}, "principal"),
        ("grants", {"principal": LONG}, "principal"),
        ("revoke", {"grant_id": "7"}, "grantId"),
        ("set_team", {"team_id": "", "agent_ids": []}, "teamId"),
        ("teams", {"agent_id": LONG}, "agentId"),
        ("delete_team", {"team_id": ""}, "teamId"),
        ("subscribe", {"agent_id": ""}, "agentId"),
        ("subscriptions", {"agent_id": LONG}, "agentId"),
        ("evidence", {"memory_id": "7"}, "memoryId"),
        ("archive", {}, "filter"),
        ("unarchive", {}, "filter"),
        ("summarize", {"namespace": ""}, "namespace"),
        ("undo_merge", {"memory_id": "7"}, "memoryId"),
        ("proposals", {"namespace": LONG}, "namespace"),
        ("cluster", {"namespace": "project", "cluster_count": 1001}, "clusterCount"),
        ("clusters", {"namespace": ""}, "namespace"),
        ("optimize", {"namespace": "project", "tasks": ["dust"]}, "tasks[0]"),
        ("reembed", {"namespace": "project", "embedding_model": "no:such"}, "embeddingModel"),
        ("job", {"job_id": "7"}, "jobId"),
        ("jobs", {"namespace": LONG}, "namespace"),
        ("watch", {"job_id": "7"}, "jobId"),
        ("wait", {"job_id": "7"}, "jobId"),
        ("cancel_job", {"job_id": "7"}, "jobId"),
        ("stats", {"namespaces": ["a//b"]}, "namespaces"),
    ],
)
async def test_a_wrong_field_is_named(
    memory: Calls, method: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidFieldError) as raised:
        await getattr(memory, method)(**arguments)
    assert [each.field for each in raised.value.violations] == [field]


async def test_teams_and_the_policy_are_for_administrators(memory_client: Timeloom) -> None:
    memory = Calls(memory_client.memory)
    for call in (memory.set_team("t", []), memory.delete_team("t"), memory.set_policy(MemoryPolicy())):
        with pytest.raises(MissingScopeError):
            await call
