"""From what upkeep made to the messages of the contract."""

from __future__ import annotations

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.answers import memory_message
from timeloom_memory.index.holdings import Held
from timeloom_memory.model import Part
from timeloom_memory.storage.clusters import Cluster
from timeloom_memory.storage.proposals import Proposal
from timeloom_memory.upkeep.stats import Stats
from timeloom_memory.upkeep.summarizing import Summarised
from timeloom_platform.times import timestamp


def summary_message(made: Summarised) -> messages.SummarizeMemoriesResponse:
    """Returns a summary."""
    message = messages.SummarizeMemoriesResponse(
        text=made.summary.text,
        sentences=[
            messages.SummarySentence(text=each.text, source_ids=map(str, each.source_ids))
            for each in made.summary.quotations
        ],
        source_ids=map(str, made.summary.source_ids),
        token_count=made.token_count,
        tokenizer=made.tokenizer,
    )
    if made.memory is not None:
        message.memory.CopyFrom(memory_message(made.memory))
    return message


def proposal_message(proposal: Proposal) -> memory_pb2.Proposal:
    """Returns a proposal."""
    return memory_pb2.Proposal(
        id=str(proposal.id),
        namespace=proposal.namespace,
        memory_ids=map(str, proposal.memory_ids),
        similarity=proposal.similarity,
        state=memory_pb2.ProposalState.ValueType(proposal.state),
        create_time=timestamp(proposal.create_time),
        update_time=timestamp(proposal.update_time),
    )


def cluster_message(cluster: Cluster) -> memory_pb2.Cluster:
    """Returns a cluster."""
    return memory_pb2.Cluster(
        id=str(cluster.id),
        namespace=cluster.namespace,
        name=cluster.name,
        terms=cluster.terms,
        memory_count=cluster.memory_count,
        silhouette=cluster.silhouette,
        representative_ids=map(str, cluster.representative_ids),
        update_time=timestamp(cluster.update_time),
    )


def stats_message(stats: Stats) -> messages.GetStatsResponse:
    """Returns statistics."""
    message = messages.GetStatsResponse(
        memory_count=stats.totals.memory_count,
        archived_count=stats.totals.archived_count,
        superseded_count=stats.totals.superseded_count,
        deleted_count=stats.totals.deleted_count,
        version_count=stats.totals.version_count,
        shards=[_shard(held, stats.index_sequence) for held in stats.shards if held.key.part is Part.CONTENT],
        models=[
            messages.ModelStats(
                embedding_model=name,
                dimension=use.dimension,
                loaded=use.is_loaded,
                text_count=use.text_count,
                cache_hit_count=use.cache_hit_count,
            )
            for name, use in stats.models.items()
        ],
        sequence=stats.sequence,
    )
    lists = {"kind": message.kinds, "agent": message.agents, "namespace": message.namespaces}
    for each in stats.counts:
        name = each.name
        if each.dimension == "kind":
            name = memory_pb2.MemoryKind.Name(memory_pb2.MemoryKind.ValueType(int(name)))
            name = name.removeprefix("MEMORY_KIND_")
        lists[each.dimension].add(name=name, count=each.count)
    return message


def _shard(held: Held, sequence: int) -> messages.ShardStats:
    return messages.ShardStats(
        namespace=held.key.namespace,
        embedding_model=held.key.model,
        dimension=held.key.dimension,
        vector_count=len(held.shard),
        structure="FLAT" if held.shard.graph is None else "HNSW",
        size_bytes=held.size_bytes,
        sequence=sequence,
    )
