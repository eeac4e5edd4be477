"""Upkeep as tests speak of it."""

from __future__ import annotations

from typing import Any

from tests.integration.memory.service import MemoryClient
from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.upkeep.decay import DecayPolicy
from timeloom_memory.upkeep.plan import ArchiveRule, Task, Wish

NEVER = ArchiveRule(retention_below=0.0, importance_below=8.0, decay=DecayPolicy())
ALWAYS = ArchiveRule(retention_below=1.0, importance_below=8.0, decay=DecayPolicy())
"""Nothing is recalled for sure once a minute has passed."""

TEA = [f"Ann drinks green tea from {place}." for place in ("Kyoto", "Assam", "Fujian", "Ceylon", "Nepal")]
DEPLOYMENTS = [
    f"The deployment of the {part} service failed with a database timeout."
    for part in ("billing", "search", "login", "mail", "chat")
]


def wish(*tasks: Task, **fields: Any) -> Wish:
    """Returns what is to be done."""
    return Wish(**{"tasks": frozenset(tasks or Task), "rule": NEVER, **fields})


async def tended(client: MemoryClient, wanted: Wish, *, dry_run: bool = False) -> dict[str, Any]:
    """Looks after the namespace `project` and returns the report."""
    steps: list[tuple[str, int, int]] = []

    async def progress(phase: str, done: int, total: int) -> None:
        steps.append((phase, done, total))

    report = await client.assembly.upkeep.tending.run(
        client.project_id, "project", wanted, dry_run=dry_run, progress=progress
    )
    assert all(done <= total for _, done, total in steps)
    return report


async def proposals(client: MemoryClient, **fields: Any) -> list[memory_pb2.Proposal]:
    """Returns proposals, open ones unless a state is named."""
    request = messages.ListProposalsRequest(**fields)
    return list((await client.upkeep.ListProposals(request, metadata=client.metadata)).proposals)


async def merge(client: MemoryClient, *memory_ids: str, **fields: Any) -> memory_pb2.Memory:
    """Merges memories."""
    request = messages.MergeMemoriesRequest(memory_ids=memory_ids, **fields)
    return (await client.upkeep.MergeMemories(request, metadata=client.metadata)).memory


async def undo(client: MemoryClient, memory_id: str, **fields: Any) -> list[memory_pb2.Memory]:
    """Takes a merge back."""
    request = messages.UndoMergeRequest(memory_id=memory_id, **fields)
    return list((await client.upkeep.UndoMerge(request, metadata=client.metadata)).memories)


async def archive(client: MemoryClient, **fields: Any) -> list[str]:
    """Puts memories away."""
    request = messages.ArchiveMemoriesRequest(**fields)
    return list((await client.upkeep.ArchiveMemories(request, metadata=client.metadata)).memory_ids)


async def unarchive(client: MemoryClient, **fields: Any) -> list[str]:
    """Takes memories out of the archive."""
    request = messages.UnarchiveMemoriesRequest(**fields)
    return list((await client.upkeep.UnarchiveMemories(request, metadata=client.metadata)).memory_ids)


async def summarise(client: MemoryClient, **fields: Any) -> messages.SummarizeMemoriesResponse:
    """Summarises the namespace `project`."""
    request = messages.SummarizeMemoriesRequest(**{"namespace": "project", **fields})
    return await client.upkeep.SummarizeMemories(request, metadata=client.metadata)


async def clusters(client: MemoryClient, **fields: Any) -> messages.ListClustersResponse:
    """Lists the clusters of the namespace `project`."""
    request = messages.ListClustersRequest(namespace="project", **fields)
    return await client.upkeep.ListClusters(request, metadata=client.metadata)
