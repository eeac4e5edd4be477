"""Whatever is shared, revoked, regrouped and run out: nobody sees or changes what the rules forbid.

Random histories run against one replica of the service and a plain model of the rules; what comes of them is
looked at through another replica.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import grpc.aio
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.memory.service import MemoryClient, running_service
from tests.integration.memory.sharing import DENIED, HIDDEN, Sharing
from tests.integration.snapshots.service import refusal_of
from timeloom.memory.v1 import memory_pb2

READ, WRITE = memory_pb2.PERMISSION_READ, memory_pb2.PERMISSION_WRITE
OK: Final = "OK"
FOREIGN: Final = "pearl of another project"

AGENTS: Final = ["a", "ab", "b"]
TEAMS: Final = ["r", "s"]
# Among them neighbours by name, which share a beginning and nothing else.
NAMESPACES: Final = [
    "agent/a",
    "agent/a/n",
    "agent/a/n/m",
    "agent/ab",
    "agent/b/n",
    "team/r",
    "team/r/n",
    "team/s",
    "project",
    "agents-of-a",
]
PRINCIPALS: Final = [*(f"agent/{each}" for each in AGENTS), *(f"team/{each}" for each in TEAMS), "project"]

agents = st.sampled_from(["", *AGENTS])
namespaces = st.sampled_from(NAMESPACES)
permissions = st.sampled_from([READ, WRITE])
places = st.integers(0, 7)

STEPS: Final = st.one_of(
    st.tuples(st.just("create"), agents, namespaces),
    st.tuples(st.just("share namespace"), agents, namespaces, st.sampled_from(PRINCIPALS), permissions),
    st.tuples(st.just("share memory"), agents, places, st.sampled_from(PRINCIPALS), permissions),
    st.tuples(st.just("revoke"), agents, places),
    st.tuples(st.just("end"), places),
    st.tuples(st.just("team"), st.sampled_from(TEAMS), st.sets(st.sampled_from(AGENTS))),
    st.tuples(st.just("dissolve"), st.sampled_from(TEAMS)),
    st.tuples(st.just("update"), agents, places),
    st.tuples(st.just("delete"), agents, places),
)


@dataclass
class Given:
    """A grant, as the model has it: on a namespace, or on the memory of an id."""

    on: str
    principal: str
    permission: int
    grant_id: str = ""
    is_over: bool = False


@dataclass
class Model:
    """The rules, in the plainest words."""

    homes: dict[str, str] = field(default_factory=dict[str, str])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    deleted: set[str] = field(default_factory=set[str])
    grants: list[Given] = field(default_factory=list[Given])
    teams: dict[str, set[str]] = field(default_factory=dict[str, set[str]])

    def principals(self, agent: str) -> set[str]:
        """Whose grants an agent has."""
        mine = {f"team/{team}" for team, members in self.teams.items() if agent in members}
        return {f"agent/{agent}", "project", *mine}

    def owns(self, agent: str, namespace: str) -> bool:
        """Whether a namespace belongs to the agent, its team or the project."""
        first, *rest = namespace.split("/")
        if not agent or first not in ("agent", "team"):
            return True
        return f"{first}/{rest[0]}" in self.principals(agent)

    def allowed(self, agent: str, namespace: str, memory_id: str = "") -> int:
        """What an agent may do: nothing, READ or WRITE."""
        if self.owns(agent, namespace):
            return WRITE
        segments = namespace.split("/")
        above = {"/".join(segments[: end + 1]) for end in range(len(segments))}
        return max(
            (
                each.permission
                for each in self.grants
                if not each.is_over
                and each.principal in self.principals(agent)
                and (each.on in above or (memory_id and each.on == memory_id))
            ),
            default=0,
        )

    def readable(self, agent: str) -> dict[str, str]:
        """What an agent finds: ids and texts."""
        return {
            memory_id: self.texts[memory_id]
            for memory_id, home in self.homes.items()
            if memory_id not in self.deleted and self.allowed(agent, home, memory_id)
        }

    def verdict_on_change(self, agent: str, memory_id: str) -> str:
        """What an agent is told who wants to change a memory."""
        allowed = self.allowed(agent, self.homes[memory_id], memory_id)
        if not allowed:
            return HIDDEN
        return OK if allowed == WRITE else DENIED


@dataclass
class House:
    """Two replicas of the service over one database."""

    first: MemoryClient
    second: MemoryClient


@pytest_asyncio.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with running_service(database_url) as first, running_service(database_url) as second:
        yield House(first, second)


class History:
    """Runs steps against the service and the model, and compares."""

    def __init__(self, house: House, project_id: UUID) -> None:
        self.client = house.first.of_project(project_id)
        self.reader = house.second.of_project(project_id)
        self.sharing = Sharing(self.client)
        self.model = Model()
        self.sequence = 0

    async def run(self, step: tuple[Any, ...]) -> None:
        """Runs one step."""
        name, *arguments = step
        await getattr(self, "_" + name.replace(" ", "_"))(*arguments)

    async def compare(self) -> None:
        """Looks at everything as everybody, through the other replica."""
        for agent in ["", *AGENTS]:
            expected = self.model.readable(agent)
            listed = (await self.reader.page(page_size=1000, as_agent_id=agent)).memories
            assert {each.id: each.content for each in listed} == expected
            found = await self.reader.search(
                "pearl", limit=1000, min_sequence=self.sequence, as_agent_id=agent, silent=True
            )
            assert {each.memory.id: each.memory.content for each in found.results} == expected
            for memory_id in self.model.homes:
                if memory_id in self.model.deleted:
                    continue
                told, _ = await ending(self.reader.get(memory_id, as_agent_id=agent))
                assert told == (OK if memory_id in expected else HIDDEN)

    async def _create(self, agent: str, namespace: str) -> None:
        text = f"pearl {len(self.model.homes)}"
        call = self.client.create(text, namespace=namespace, as_agent_id=agent)
        is_allowed = self.model.allowed(agent, namespace) == WRITE
        if memory := await self._told(call, OK if is_allowed else DENIED):
            self.model.homes[memory.id] = namespace
            self.model.texts[memory.id] = text
            self.sequence = memory.sequence

    async def _share_namespace(self, agent: str, namespace: str, principal: str, permission: int) -> None:
        call = self.sharing.share(principal, namespace=namespace, permission=permission, as_agent_id=agent)
        verdict = OK if self.model.owns(agent, namespace) else DENIED
        if grant := await self._told(call, verdict):
            self._give(Given(namespace, principal, permission, grant.id))

    async def _share_memory(self, agent: str, place: int, principal: str, permission: int) -> None:
        memory_id = self._memory(place)
        if not memory_id or memory_id in self.model.deleted:
            return
        call = self.sharing.share(principal, memory_id=memory_id, permission=permission, as_agent_id=agent)
        home = self.model.homes[memory_id]
        verdict = OK if self.model.owns(agent, home) else DENIED
        if not self.model.allowed(agent, home, memory_id):
            verdict = HIDDEN
        if grant := await self._told(call, verdict):
            self._give(Given(memory_id, principal, permission, grant.id))

    async def _revoke(self, agent: str, place: int) -> None:
        if place >= len(self.model.grants):
            return
        grant = self.model.grants[place]
        home = self.model.homes.get(grant.on, grant.on)
        may_know = self.model.owns(agent, home) or grant.principal in self.model.principals(agent)
        may_take = self.model.owns(agent, home) or grant.principal == f"agent/{agent}"
        verdict = OK if may_take else DENIED if may_know else HIDDEN
        call = self.sharing.revoke(grant.grant_id, as_agent_id=agent)
        await self._told(call, verdict)
        if verdict == OK:
            self.model.grants.remove(grant)

    async def _end(self, place: int) -> None:
        if place < len(self.model.grants):
            await self.sharing.end(self.model.grants[place].grant_id)
            self.model.grants[place].is_over = True

    async def _team(self, team: str, members: set[str]) -> None:
        await self.sharing.team(team, *members)
        self.model.teams[team] = members

    async def _dissolve(self, team: str) -> None:
        if team in self.model.teams:
            await self.sharing.dissolve(team)
            del self.model.teams[team]
            self.model.grants = [each for each in self.model.grants if each.principal != f"team/{team}"]

    async def _update(self, agent: str, place: int) -> None:
        memory_id = self._memory(place)
        if not memory_id or memory_id in self.model.deleted:
            return
        text = f"{self.model.texts[memory_id]} again"
        call = self.client.update(memory_id, content=text, as_agent_id=agent)
        if memory := await self._told(call, self.model.verdict_on_change(agent, memory_id)):
            self.model.texts[memory_id] = text
            self.sequence = memory.sequence

    async def _delete(self, agent: str, place: int) -> None:
        memory_id = self._memory(place)
        if not memory_id or memory_id in self.model.deleted:
            return
        call = self.client.delete(memory_id, as_agent_id=agent)
        if memory := await self._told(call, self.model.verdict_on_change(agent, memory_id)):
            self.model.deleted.add(memory_id)
            self.sequence = memory.sequence

    def _memory(self, place: int) -> str:
        ids = list(self.model.homes)
        return ids[place] if place < len(ids) else ""

    def _give(self, grant: Given) -> None:
        """The same is not given twice: it is changed. What is over for a principal is forgotten then."""
        self.model.grants = [
            each
            for each in self.model.grants
            if (each.on, each.principal) != (grant.on, grant.principal)
            and not (each.is_over and each.principal == grant.principal)
        ]
        self.model.grants.append(grant)

    @staticmethod
    async def _told(call: Any, verdict: str) -> Any:
        """Awaits a call, of which the model says how it ends; returns its answer, None if it is refused."""
        told, answer = await ending(call)
        assert told == verdict
        return answer


async def ending(call: Any) -> tuple[str, Any]:
    """Returns how a call ends, and its answer if it has one."""
    try:
        return OK, await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason, None


@pytest.mark.timeout(300)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=5, max_size=40))
async def test_nobody_sees_or_changes_what_the_rules_forbid(
    house: House, steps: list[tuple[Any, ...]]
) -> None:
    stranger = house.first.of_project(uuid4())
    for namespace in ("agent/a", "project"):
        await stranger.create(FOREIGN, namespace=namespace)
    history = History(house, uuid4())
    for namespace in NAMESPACES[:6]:
        await history.run(("create", "", namespace))
    for number, step in enumerate(steps):
        await history.run(step)
        if number % 8 == 7:
            await history.compare()
    await history.compare()


async def test_a_search_right_after_a_revocation_reflects_it_on_another_replica(house: House) -> None:
    writer, reader = house.first, house.second.of_project(house.first.project_id)
    sharing = Sharing(writer)
    memory = await writer.create("A pearl.", as_agent_id="a")

    async def found() -> list[str]:
        answer = await reader.search("pearl", min_sequence=memory.sequence, as_agent_id="b")
        return [each.memory.id for each in answer.results]

    assert await found() == []
    subjects: list[dict[str, Any]] = [{"namespace": "agent/a"}, {"memory_id": memory.id}]
    for shared in subjects:
        grant = await sharing.share("agent/b", **shared, as_agent_id="a")
        assert await found() == [memory.id]
        await sharing.revoke(grant.id, as_agent_id="a")
        assert await found() == []
