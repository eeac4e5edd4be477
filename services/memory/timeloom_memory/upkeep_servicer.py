"""The MemoryUpkeepService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as services
from timeloom_memory.policies import Policies
from timeloom_memory.policy_messages import policy_message, policy_of
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import UnimplementedError
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemoryUpkeepServicer(services.MemoryUpkeepServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, policies: Policies) -> None:
        self._policies = policies

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_MemoryUpkeepServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["MemoryUpkeepService"],
        )

    async def ArchiveMemories(
        self, request: messages.ArchiveMemoriesRequest, context: _Context
    ) -> messages.ArchiveMemoriesResponse:
        raise UnimplementedError("ArchiveMemories is not there")

    async def UnarchiveMemories(
        self, request: messages.UnarchiveMemoriesRequest, context: _Context
    ) -> messages.UnarchiveMemoriesResponse:
        raise UnimplementedError("UnarchiveMemories is not there")

    async def SummarizeMemories(
        self, request: messages.SummarizeMemoriesRequest, context: _Context
    ) -> messages.SummarizeMemoriesResponse:
        raise UnimplementedError("SummarizeMemories is not there")

    async def MergeMemories(
        self, request: messages.MergeMemoriesRequest, context: _Context
    ) -> messages.MergeMemoriesResponse:
        raise UnimplementedError("MergeMemories is not there")

    async def UndoMerge(
        self, request: messages.UndoMergeRequest, context: _Context
    ) -> messages.UndoMergeResponse:
        raise UnimplementedError("UndoMerge is not there")

    async def ListProposals(
        self, request: messages.ListProposalsRequest, context: _Context
    ) -> messages.ListProposalsResponse:
        raise UnimplementedError("ListProposals is not there")

    async def ApplyProposal(
        self, request: messages.ApplyProposalRequest, context: _Context
    ) -> messages.ApplyProposalResponse:
        raise UnimplementedError("ApplyProposal is not there")

    async def RejectProposal(
        self, request: messages.RejectProposalRequest, context: _Context
    ) -> messages.RejectProposalResponse:
        raise UnimplementedError("RejectProposal is not there")

    async def ClusterMemories(
        self, request: messages.ClusterMemoriesRequest, context: _Context
    ) -> messages.ClusterMemoriesResponse:
        raise UnimplementedError("ClusterMemories is not there")

    async def ListClusters(
        self, request: messages.ListClustersRequest, context: _Context
    ) -> messages.ListClustersResponse:
        raise UnimplementedError("ListClusters is not there")

    async def OptimizeMemories(
        self, request: messages.OptimizeMemoriesRequest, context: _Context
    ) -> messages.OptimizeMemoriesResponse:
        raise UnimplementedError("OptimizeMemories is not there")

    async def ReembedNamespace(
        self, request: messages.ReembedNamespaceRequest, context: _Context
    ) -> messages.ReembedNamespaceResponse:
        raise UnimplementedError("ReembedNamespace is not there")

    async def GetJob(self, request: messages.GetJobRequest, context: _Context) -> messages.GetJobResponse:
        raise UnimplementedError("GetJob is not there")

    async def ListJobs(
        self, request: messages.ListJobsRequest, context: _Context
    ) -> messages.ListJobsResponse:
        raise UnimplementedError("ListJobs is not there")

    async def WatchJob(
        self, request: messages.WatchJobRequest, context: _Context
    ) -> AsyncGenerator[messages.WatchJobResponse]:
        raise UnimplementedError("WatchJob is not there")
        yield

    async def CancelJob(
        self, request: messages.CancelJobRequest, context: _Context
    ) -> messages.CancelJobResponse:
        raise UnimplementedError("CancelJob is not there")

    async def GetStats(
        self, request: messages.GetStatsRequest, context: _Context
    ) -> messages.GetStatsResponse:
        raise UnimplementedError("GetStats is not there")

    async def GetMemoryPolicy(
        self, request: messages.GetMemoryPolicyRequest, context: _Context
    ) -> messages.GetMemoryPolicyResponse:
        policy = await self._policies.get(UUID(current_identity().project_id))
        return messages.GetMemoryPolicyResponse(policy=policy_message(policy))

    async def UpdateMemoryPolicy(
        self, request: messages.UpdateMemoryPolicyRequest, context: _Context
    ) -> messages.UpdateMemoryPolicyResponse:
        policy = await self._policies.update(UUID(current_identity().project_id), policy_of(request.policy))
        return messages.UpdateMemoryPolicyResponse(policy=policy_message(policy))
