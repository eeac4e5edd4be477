"""The MemoryUpkeepService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom.memory.v1 import memory_upkeep_service_pb2_grpc as services
from timeloom_memory.answers import memory_message
from timeloom_memory.jobs.answers import job_message
from timeloom_memory.jobs.jobs import Jobs
from timeloom_memory.jobs.model import JobKind
from timeloom_memory.jobs.reembedding import Reembedding
from timeloom_memory.names import checked
from timeloom_memory.policies import Policies
from timeloom_memory.policy_messages import policy_message, policy_of
from timeloom_memory.requests import namespaces_of
from timeloom_memory.upkeep import answers, requests
from timeloom_memory.upkeep.assembly import Upkeep
from timeloom_memory.upkeep.tending_parameters import decay_policy_of
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]


class MemoryUpkeepServicer(services.MemoryUpkeepServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, upkeep: Upkeep, policies: Policies, jobs: Jobs, reembedding: Reembedding) -> None:
        self._archive = upkeep.archive
        self._summarizing = upkeep.summarizing
        self._merging = upkeep.merging
        self._proposals = upkeep.proposals
        self._clusters = upkeep.clusters
        self._statistics = upkeep.statistics
        self._jobs = jobs
        self._policies = policies
        self._reembedding = reembedding

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
        policy = await self._policies.get(_project_id())
        moved = await self._archive.put_away(
            _project_id(),
            requests.which_to_archive(request),
            decay_policy=decay_policy_of(policy),
            reason=request.reason,
            as_agent_id=request.as_agent_id,
            dry_run=request.dry_run,
        )
        return messages.ArchiveMemoriesResponse(
            memory_ids=map(str, moved.memory_ids), sequence=moved.sequence
        )

    async def UnarchiveMemories(
        self, request: messages.UnarchiveMemoriesRequest, context: _Context
    ) -> messages.UnarchiveMemoriesResponse:
        moved = await self._archive.take_out(
            _project_id(),
            requests.which_to_unarchive(request),
            as_agent_id=request.as_agent_id,
            dry_run=request.dry_run,
        )
        return messages.UnarchiveMemoriesResponse(
            memory_ids=map(str, moved.memory_ids), sequence=moved.sequence
        )

    async def SummarizeMemories(
        self, request: messages.SummarizeMemoriesRequest, context: _Context
    ) -> messages.SummarizeMemoriesResponse:
        made = await self._summarizing.summarise(
            _project_id(), requests.summary_wish_of(request), as_agent_id=request.as_agent_id
        )
        return answers.summary_message(made)

    async def MergeMemories(
        self, request: messages.MergeMemoriesRequest, context: _Context
    ) -> messages.MergeMemoriesResponse:
        memory = await self._merging.merge(
            _project_id(), requests.merge_of(request), as_agent_id=request.as_agent_id
        )
        return messages.MergeMemoriesResponse(memory=memory_message(memory))

    async def UndoMerge(
        self, request: messages.UndoMergeRequest, context: _Context
    ) -> messages.UndoMergeResponse:
        memories = await self._merging.undo(
            _project_id(), UUID(request.memory_id), as_agent_id=request.as_agent_id
        )
        return messages.UndoMergeResponse(memories=map(memory_message, memories))

    async def ListProposals(
        self, request: messages.ListProposalsRequest, context: _Context
    ) -> messages.ListProposalsResponse:
        page = await self._proposals.list_page(
            _project_id(),
            namespace=checked(request.namespace, "namespace") if request.namespace else "",
            state=requests.proposal_state_of(request.state),
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
        )
        return messages.ListProposalsResponse(
            proposals=map(answers.proposal_message, page.entries), next_page_token=page.next_page_token
        )

    async def ApplyProposal(
        self, request: messages.ApplyProposalRequest, context: _Context
    ) -> messages.ApplyProposalResponse:
        applied = await self._proposals.apply(
            _project_id(), UUID(request.proposal_id), as_agent_id=request.as_agent_id
        )
        return messages.ApplyProposalResponse(
            proposal=answers.proposal_message(applied.proposal), memory=memory_message(applied.memory)
        )

    async def RejectProposal(
        self, request: messages.RejectProposalRequest, context: _Context
    ) -> messages.RejectProposalResponse:
        proposal = await self._proposals.reject(
            _project_id(), UUID(request.proposal_id), as_agent_id=request.as_agent_id
        )
        return messages.RejectProposalResponse(proposal=answers.proposal_message(proposal))

    async def ClusterMemories(
        self, request: messages.ClusterMemoriesRequest, context: _Context
    ) -> messages.ClusterMemoriesResponse:
        job = await self._jobs.start(
            _project_id(),
            JobKind.CLUSTER,
            checked(request.namespace, "namespace"),
            parameters=requests.clustering_of(request).encoded(),
            dry_run=request.dry_run,
            as_agent_id=request.as_agent_id,
        )
        return messages.ClusterMemoriesResponse(job=job_message(job))

    async def ListClusters(
        self, request: messages.ListClustersRequest, context: _Context
    ) -> messages.ListClustersResponse:
        page = await self._clusters.page(
            _project_id(),
            checked(request.namespace, "namespace"),
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
        )
        return messages.ListClustersResponse(
            clusters=map(answers.cluster_message, page.entries), next_page_token=page.next_page_token
        )

    async def OptimizeMemories(
        self, request: messages.OptimizeMemoriesRequest, context: _Context
    ) -> messages.OptimizeMemoriesResponse:
        job = await self._jobs.start(
            _project_id(),
            JobKind.OPTIMIZE,
            checked(request.namespace, "namespace"),
            parameters=requests.optimizing_of(request).encoded(),
            dry_run=request.dry_run,
            as_agent_id=request.as_agent_id,
        )
        return messages.OptimizeMemoriesResponse(job=job_message(job))

    async def ReembedNamespace(
        self, request: messages.ReembedNamespaceRequest, context: _Context
    ) -> messages.ReembedNamespaceResponse:
        job = await self._reembedding.start(
            _project_id(), request.namespace, request.embedding_model, as_agent_id=request.as_agent_id
        )
        return messages.ReembedNamespaceResponse(job=job_message(job))

    async def GetJob(self, request: messages.GetJobRequest, context: _Context) -> messages.GetJobResponse:
        job = await self._jobs.get(_project_id(), UUID(request.job_id), as_agent_id=request.as_agent_id)
        return messages.GetJobResponse(job=job_message(job))

    async def ListJobs(
        self, request: messages.ListJobsRequest, context: _Context
    ) -> messages.ListJobsResponse:
        page = await self._jobs.list_page(
            _project_id(),
            namespace=request.namespace,
            state=request.state,
            page_token=request.page_token,
            limit=page_size(request.page_size),
            as_agent_id=request.as_agent_id,
        )
        return messages.ListJobsResponse(
            jobs=map(job_message, page.entries), next_page_token=page.next_page_token
        )

    async def WatchJob(
        self, request: messages.WatchJobRequest, context: _Context
    ) -> AsyncGenerator[messages.WatchJobResponse]:
        watching = self._jobs.watch(_project_id(), UUID(request.job_id), as_agent_id=request.as_agent_id)
        async with aclosing(watching):
            async for job in watching:
                yield messages.WatchJobResponse(job=job_message(job))

    async def CancelJob(
        self, request: messages.CancelJobRequest, context: _Context
    ) -> messages.CancelJobResponse:
        job = await self._jobs.cancel(_project_id(), UUID(request.job_id), as_agent_id=request.as_agent_id)
        return messages.CancelJobResponse(job=job_message(job))

    async def GetStats(
        self, request: messages.GetStatsRequest, context: _Context
    ) -> messages.GetStatsResponse:
        stats = await self._statistics.get(
            _project_id(), namespaces_of(request.namespaces), as_agent_id=request.as_agent_id
        )
        return answers.stats_message(stats)

    async def GetMemoryPolicy(
        self, request: messages.GetMemoryPolicyRequest, context: _Context
    ) -> messages.GetMemoryPolicyResponse:
        policy = await self._policies.get(_project_id())
        return messages.GetMemoryPolicyResponse(policy=policy_message(policy))

    async def UpdateMemoryPolicy(
        self, request: messages.UpdateMemoryPolicyRequest, context: _Context
    ) -> messages.UpdateMemoryPolicyResponse:
        policy = await self._policies.update(_project_id(), policy_of(request.policy))
        return messages.UpdateMemoryPolicyResponse(policy=policy_message(policy))


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
