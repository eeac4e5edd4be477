"""What looking after a namespace did, or would do, as the JSON document of its job."""

from __future__ import annotations

from typing import Any, Final

from timeloom_memory.upkeep.clusters import Clusters
from timeloom_memory.upkeep.plan import Plan, Task

NAMED_MAX: Final = 200
"""The memories, proposals and clusters that a report names; it counts all of them."""

TEXT_CHARACTERS_MAX: Final = 2000


def report_of(plan: Plan, tasks: frozenset[Task], *, memory_count: int) -> dict[str, Any]:
    """Returns the report of a plan: that of a dry run is that of the run."""
    report: dict[str, Any] = {"memoryCount": memory_count, "examinedCount": plan.examined}
    if Task.DUPLICATES in tasks:
        report["duplicates"] = {
            "proposalCount": len(plan.proposed),
            "memoryCount": sum(len(each.group.memory_ids) for each in plan.proposed),
            "merged": plan.merges,
            "proposals": [
                {
                    "id": str(each.id),
                    "memoryIds": [str(memory_id) for memory_id in each.group.memory_ids],
                    "similarity": _rounded(each.group.similarity),
                }
                for each in plan.proposed[:NAMED_MAX]
            ],
        }
    if Task.ARCHIVE in tasks:
        report["archive"] = {
            "memoryCount": len(plan.archived),
            "memoryIds": [str(memory_id) for memory_id in plan.archived[:NAMED_MAX]],
        }
    if plan.clusters is not None:
        report["clusters"] = _clusters(plan.clusters, moved=len(plan.moves))
    if Task.SUMMARIES in tasks:
        report["summaries"] = [
            {
                "clusterId": str(each.cluster_id),
                "text": each.summary.text[:TEXT_CHARACTERS_MAX],
                "sourceCount": len(each.summary.source_ids),
            }
            for each in plan.summaries
        ]
    return report


def _clusters(clusters: Clusters, *, moved: int) -> dict[str, Any]:
    return {
        "clusterCount": len(clusters.found),
        "movedCount": moved,
        "silhouette": _rounded(clusters.silhouette),
        "randomSilhouette": _rounded(clusters.random_silhouette),
        "clusters": [
            {
                "id": str(each.id),
                "name": each.name,
                "memoryCount": len(each.rows),
                "silhouette": _rounded(each.silhouette),
            }
            for each in clusters.found[:NAMED_MAX]
        ],
    }


def _rounded(number: float) -> float:
    return round(number, 4)
