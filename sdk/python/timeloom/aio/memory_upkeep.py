"""What becomes of memories over time: put away, summarised, merged, clustered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Final

from timeloom._calls import Connection
from timeloom._messages import assign, read, write
from timeloom._pages import AsyncPager
from timeloom.errors import UnavailableError
from timeloom.memories import (
    Cluster,
    ClusterMethod,
    Job,
    JobState,
    Memory,
    MemoryFilter,
    MemoryPolicy,
    MemoryStats,
    Proposal,
    ProposalState,
    Summary,
    SummaryMethod,
)
from timeloom.memory.v1 import memory_pb2 as nouns
from timeloom.memory.v1 import memory_upkeep_service_pb2 as pb

SUMMARY_TIMEOUT_SECONDS: Final = 120.0
RECONNECT_SECONDS: Final = 1.0


class AsyncMemoryUpkeep:
    """Archive, summaries, merging, clusters, jobs, statistics and the policy: a part of the memories."""

    def __init__(self, connection: Connection, agent_id: str = "") -> None:
        self._connection = connection
        self._agent_id = agent_id

    # -- Archive ----------------------------------------------------------------------

    async def archive(
        self,
        memory_ids: Iterable[str] = (),
        *,
        namespaces: Iterable[str] = (),
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        retention_below: float = 0.0,
        reason: str = "",
        dry_run: bool = False,
    ) -> tuple[str, ...]:
        """Put memories away, and return which: they are found only when asked for.

        Args:
            memory_ids: These; or else
            namespaces: those in these namespaces
            filter: that it lets through,
            retention_below: and that are less likely to be recalled than this, if it is not zero.
            reason: Why, for their history.
            dry_run: Only say which.
        """
        request = pb.ArchiveMemoriesRequest(
            namespaces=namespaces,
            filter=_filter(filter, memory_ids),
            retention_below=retention_below,
            reason=reason,
            dry_run=dry_run,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory_upkeep.ArchiveMemories, request)
        return tuple(response.memory_ids)

    async def unarchive(
        self,
        memory_ids: Iterable[str] = (),
        *,
        namespaces: Iterable[str] = (),
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        dry_run: bool = False,
    ) -> tuple[str, ...]:
        """Take memories out of the archive, and return which."""
        request = pb.UnarchiveMemoriesRequest(
            namespaces=namespaces,
            filter=_filter(filter, memory_ids),
            dry_run=dry_run,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory_upkeep.UnarchiveMemories, request)
        return tuple(response.memory_ids)

    # -- Summaries, duplicates, clusters ----------------------------------------------

    async def summarize(
        self,
        namespace: str,
        *,
        query: str = "",
        max_tokens: int = 300,
        method: SummaryMethod = SummaryMethod.EXTRACTIVE,
        filter: MemoryFilter | None = None,  # noqa: A002 - the word that the API uses
        save: bool = False,
        memory_limit: int = 0,
    ) -> Summary:
        """Say in short what memories say, with its sources.

        Args:
            namespace: Whose memories, with what is below it.
            query: What it should be about; everything if empty.
            max_tokens: The longest that it may be.
            method: Of their own sentences, or by the installation's language model.
            filter: Only what it lets through.
            save: Also remember it.
            memory_limit: How many memories it looks at, newest first; 1,000 if zero.
        """
        request = pb.SummarizeMemoriesRequest(
            namespace=namespace,
            filter=_filter(filter),
            query=query,
            max_tokens=max_tokens,
            save=save,
            memory_limit=memory_limit,
            as_agent_id=self._agent_id,
        )
        assign(request, "method", method)
        response = await self._connection.unary(
            self._connection.memory_upkeep.SummarizeMemories, request, timeout_seconds=SUMMARY_TIMEOUT_SECONDS
        )
        return read(Summary, response)

    async def merge(self, memory_ids: Iterable[str], *, content: str = "", reason: str = "") -> Memory:
        """Make one memory of several; the text is the first one's unless another is given."""
        request = pb.MergeMemoriesRequest(
            memory_ids=memory_ids, content=content, reason=reason, as_agent_id=self._agent_id
        )
        response = await self._connection.unary(self._connection.memory_upkeep.MergeMemories, request)
        return read(Memory, response.memory)

    async def undo_merge(self, memory_id: str) -> tuple[Memory, ...]:
        """Take a merge back, and return what is there again."""
        request = pb.UndoMergeRequest(memory_id=memory_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.UndoMerge, request)
        return tuple(read(Memory, each) for each in response.memories)

    def proposals(
        self,
        namespace: str = "",
        *,
        state: ProposalState = ProposalState.OPEN,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Proposal]:
        """List near-duplicates that may be merged, most alike first."""
        request = pb.ListProposalsRequest(namespace=namespace, as_agent_id=self._agent_id)
        assign(request, "state", state)

        async def fetch(size: int, token: str) -> tuple[Sequence[Proposal], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_upkeep.ListProposals, request)
            return [read(Proposal, each) for each in response.proposals], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def apply_proposal(self, proposal_id: str) -> Memory:
        """Merge what a proposal names, and return what it became."""
        request = pb.ApplyProposalRequest(proposal_id=proposal_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.ApplyProposal, request)
        return read(Memory, response.memory)

    async def reject_proposal(self, proposal_id: str) -> Proposal:
        """Refuse a proposal; it is not made again."""
        request = pb.RejectProposalRequest(proposal_id=proposal_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.RejectProposal, request)
        return read(Proposal, response.proposal)

    async def cluster(
        self,
        namespace: str,
        *,
        method: ClusterMethod = ClusterMethod.KMEANS,
        cluster_count: int = 0,
        dry_run: bool = False,
    ) -> Job:
        """Begin to cluster a namespace; `wait` for the job, then list its `clusters`."""
        request = pb.ClusterMemoriesRequest(
            namespace=namespace,
            cluster_count=cluster_count,
            dry_run=dry_run,
            as_agent_id=self._agent_id,
        )
        assign(request, "method", method)
        response = await self._connection.unary(self._connection.memory_upkeep.ClusterMemories, request)
        return read(Job, response.job)

    def clusters(
        self, namespace: str, *, limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[Cluster]:
        """List the clusters of a namespace, largest first."""
        request = pb.ListClustersRequest(namespace=namespace, as_agent_id=self._agent_id)

        async def fetch(size: int, token: str) -> tuple[Sequence[Cluster], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_upkeep.ListClusters, request)
            return [read(Cluster, each) for each in response.clusters], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def optimize(
        self,
        namespace: str,
        *,
        tasks: Iterable[str] = (),
        dry_run: bool = False,
        apply_proposals: bool = False,
        similarity: float = 0.0,
    ) -> Job:
        """Begin to look after a namespace, or to report what that would do.

        Args:
            namespace: The namespace.
            tasks: Which of `duplicates`, `archive`, `clusters`, `summaries`; all if empty.
            dry_run: Only report.
            apply_proposals: Merge near-duplicates at once instead of proposing it.
            similarity: From which cosine on memories are near-duplicates; 0.95 if zero.
        """
        request = pb.OptimizeMemoriesRequest(
            namespace=namespace,
            tasks=tasks,
            dry_run=dry_run,
            apply_proposals=apply_proposals,
            similarity=similarity,
            as_agent_id=self._agent_id,
        )
        response = await self._connection.unary(self._connection.memory_upkeep.OptimizeMemories, request)
        return read(Job, response.job)

    async def reembed(self, namespace: str, embedding_model: str) -> Job:
        """Begin to make the vectors of a namespace by another model; searches go on meanwhile."""
        request = pb.ReembedNamespaceRequest(
            namespace=namespace, embedding_model=embedding_model, as_agent_id=self._agent_id
        )
        response = await self._connection.unary(self._connection.memory_upkeep.ReembedNamespace, request)
        return read(Job, response.job)

    # -- Jobs -------------------------------------------------------------------------

    async def job(self, job_id: str) -> Job:
        """Return a job."""
        request = pb.GetJobRequest(job_id=job_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.GetJob, request)
        return read(Job, response.job)

    def jobs(
        self,
        namespace: str = "",
        *,
        state: JobState | None = None,
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[Job]:
        """List jobs, newest first."""
        request = pb.ListJobsRequest(namespace=namespace, as_agent_id=self._agent_id)
        assign(request, "state", state)

        async def fetch(size: int, token: str) -> tuple[Sequence[Job], str]:
            request.page_size, request.page_token = size, token
            response = await self._connection.unary(self._connection.memory_upkeep.ListJobs, request)
            return [read(Job, each) for each in response.jobs], response.next_page_token

        return AsyncPager(fetch, limit=limit, page_size=page_size)

    async def watch(self, job_id: str) -> AsyncGenerator[Job]:
        """Yield a job whenever it gets on, until it has ended."""
        request = pb.WatchJobRequest(job_id=job_id, as_agent_id=self._agent_id)
        async for response in self._connection.stream(self._connection.memory_upkeep.WatchJob, request):
            yield read(Job, response.job)

    async def wait(self, job_id: str) -> Job:
        """Return a job once it has ended, however that is. It outlives the replica that is asked."""
        while True:
            try:
                async for job in self.watch(job_id):
                    if job.has_ended:
                        return job
            except UnavailableError as error:
                await asyncio.sleep(error.retry_after_seconds or RECONNECT_SECONDS)
                # As long as the client's time allows: if nobody is there any more, that is told.
                await self.job(job_id)

    async def cancel_job(self, job_id: str) -> Job:
        """End a job; what it has done stays."""
        request = pb.CancelJobRequest(job_id=job_id, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.CancelJob, request)
        return read(Job, response.job)

    # -- Statistics and policy --------------------------------------------------------

    async def stats(self, namespaces: Iterable[str] = ()) -> MemoryStats:
        """Count memories, and say how the index and the models are."""
        request = pb.GetStatsRequest(namespaces=namespaces, as_agent_id=self._agent_id)
        response = await self._connection.unary(self._connection.memory_upkeep.GetStats, request)
        return read(MemoryStats, response)

    async def policy(self) -> MemoryPolicy:
        """Return what becomes of the project's memories by itself."""
        method = self._connection.memory_upkeep.GetMemoryPolicy
        return read(MemoryPolicy, (await self._connection.unary(method, pb.GetMemoryPolicyRequest())).policy)

    async def set_policy(self, policy: MemoryPolicy) -> MemoryPolicy:
        """Say what becomes of the project's memories by itself; it takes the key of an administrator."""
        request = pb.UpdateMemoryPolicyRequest(policy=write(policy, pb.MemoryPolicy))
        method = self._connection.memory_upkeep.UpdateMemoryPolicy
        return read(MemoryPolicy, (await self._connection.unary(method, request)).policy)


def _filter(wanted: MemoryFilter | None, memory_ids: Iterable[str] = ()) -> nouns.MemoryFilter:
    message = nouns.MemoryFilter() if wanted is None else write(wanted, nouns.MemoryFilter)
    message.memory_ids.extend(memory_ids)
    return message
