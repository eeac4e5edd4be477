"""What a job that looks after a namespace is asked to do, as it is stored."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from timeloom_memory.model import MemoryPolicy
from timeloom_memory.upkeep.clusters import ClusterMethod, ClusterWish
from timeloom_memory.upkeep.decay import DecayModel, DecayPolicy
from timeloom_memory.upkeep.plan import SIMILARITY_DEFAULT, ArchiveRule, Task, Wish


class TendingParameters(Struct, frozen=True, kw_only=True):
    """What a job is asked to do, as a JSON document.

    Attributes:
        cluster_count: How many clusters; chosen by their quality if zero.
    """

    tasks: tuple[str, ...]
    similarity: float = SIMILARITY_DEFAULT
    merge: bool = False
    method: int = int(ClusterMethod.KMEANS)
    cluster_count: int = 0

    def encoded(self) -> str:
        """Returns the JSON document."""
        return msgspec.json.encode(self).decode()


def wish_of(asked: TendingParameters, policy: MemoryPolicy) -> Wish:
    """Returns what a job is to do, under the project's policy."""
    return Wish(
        tasks=frozenset(map(Task, asked.tasks)),
        similarity=asked.similarity,
        merge=asked.merge,
        rule=ArchiveRule(
            retention_below=policy.archive_retention_below,
            importance_below=policy.archive_importance_below,
            decay=decay_policy_of(policy),
        ),
        cluster=ClusterWish(method=ClusterMethod(asked.method), count=asked.cluster_count),
    )


def decay_policy_of(policy: MemoryPolicy) -> DecayPolicy:
    """Returns how a project's memories fade."""
    return DecayPolicy(model=DecayModel(policy.decay_model), half_life_days=policy.half_life_days)
