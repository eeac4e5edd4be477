"""What a project has in the memory service, made as a caller makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import grpc.aio

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_service_pb2 as memories
from timeloom.memory.v1 import memory_service_pb2_grpc as memory_services
from timeloom.memory.v1 import memory_sharing_service_pb2 as sharing
from timeloom.memory.v1 import memory_sharing_service_pb2_grpc as sharing_services
from timeloom.memory.v1 import memory_upkeep_service_pb2 as upkeep
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as upkeep_services

NAMESPACE = "notes"
ENDED = {
    memory_pb2.JOB_STATE_SUCCEEDED,
    memory_pb2.JOB_STATE_FAILED,
    memory_pb2.JOB_STATE_CANCELLED,
}


async def make(channel: grpc.aio.Channel, headers: Mapping[str, str], needs: str) -> dict[str, str]:
    """Makes two memories that say nearly the same, and what is needed besides; returns their ids.

    Args:
        channel: To the services.
        headers: Those of a caller who may do everything in the project.
        needs: `memory`, `namespace`, `grant`, `team`, `subscription`, `job`, `merged` or `proposal`.
    """
    world = _World(channel, headers)
    made = {"namespace": NAMESPACE, "memory": await world.memory(), "twin": await world.memory()}
    further = {
        "grant": world.grant,
        "team": world.team,
        "subscription": world.subscription,
        "job": world.job,
        "merged": world.merged,
        "proposal": world.proposal,
    }
    if needs in further:
        made[needs] = await further[needs](made)
    return made


class _World:
    def __init__(self, channel: grpc.aio.Channel, headers: Mapping[str, str]) -> None:
        self._metadata = tuple(headers.items())
        self._memories: Any = memory_services.MemoryServiceStub(channel)
        self._sharing: Any = sharing_services.MemorySharingServiceStub(channel)
        self._upkeep: Any = upkeep_services.MemoryUpkeepServiceStub(channel)

    async def memory(self) -> str:
        request = memories.CreateMemoryRequest(namespace=NAMESPACE, content="Ada likes tea in the morning.")
        return str((await self._memories.CreateMemory(request, metadata=self._metadata)).memory.id)

    async def grant(self, made: Mapping[str, str]) -> str:
        request = sharing.ShareRequest(memory_id=made["memory"], principal="agent/ada")
        return str((await self._sharing.Share(request, metadata=self._metadata)).grant.id)

    async def team(self, _: Mapping[str, str]) -> str:
        request = sharing.SetTeamRequest(team_id="kitchen", agent_ids=["ada"])
        return str((await self._sharing.SetTeam(request, metadata=self._metadata)).team.id)

    async def subscription(self, _: Mapping[str, str]) -> str:
        request = sharing.CreateSubscriptionRequest(agent_id="ada")
        answer = await self._sharing.CreateSubscription(request, metadata=self._metadata)
        return str(answer.subscription.id)

    async def job(self, _: Mapping[str, str]) -> str:
        request = upkeep.OptimizeMemoriesRequest(namespace=NAMESPACE)
        return str((await self._upkeep.OptimizeMemories(request, metadata=self._metadata)).job.id)

    async def merged(self, made: Mapping[str, str]) -> str:
        request = upkeep.MergeMemoriesRequest(memory_ids=[made["memory"], made["twin"]])
        return str((await self._upkeep.MergeMemories(request, metadata=self._metadata)).memory.id)

    async def proposal(self, made: Mapping[str, str]) -> str:
        watching = upkeep.WatchJobRequest(job_id=await self.job(made))
        async for answer in self._upkeep.WatchJob(watching, metadata=self._metadata):
            if answer.job.state in ENDED:
                break
        request = upkeep.ListProposalsRequest(namespace=NAMESPACE)
        answer = await self._upkeep.ListProposals(request, metadata=self._metadata)
        return str(answer.proposals[0].id)
