"""From the messages of the contract, whose rules are checked already, to what upkeep is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, TypeVar
from uuid import UUID

from timeloom.memory.v1 import memory_upkeep_service_pb2 as messages
from timeloom_memory.names import checked
from timeloom_memory.requests import filter_of, namespaces_of, refuse_nuls
from timeloom_memory.storage.proposals import ProposalState
from timeloom_memory.upkeep.archive import Which
from timeloom_memory.upkeep.clusters import ClusterMethod
from timeloom_memory.upkeep.merging import Merge
from timeloom_memory.upkeep.plan import SIMILARITY_DEFAULT, Task
from timeloom_memory.upkeep.summarizing import (
    MEMORIES_DEFAULT,
    TOKENS_DEFAULT,
    SummaryMethod,
    SummaryWish,
)
from timeloom_memory.upkeep.tending_parameters import TendingParameters
from timeloom_platform.errors import InvalidFieldError

_Kind = TypeVar("_Kind", bound=IntEnum)

SIMILARITY_MIN: Final = 0.5
"""Below, most texts of one language are alike."""


def which_to_archive(request: messages.ArchiveMemoriesRequest) -> Which:
    """Reads which memories are to be put away."""
    refuse_nuls("", reason=request.reason)
    _check_share(request.retention_below, "retentionBelow")
    return Which(
        namespaces=namespaces_of(request.namespaces),
        wanted=filter_of(request.filter),
        retention_below=request.retention_below,
    )


def which_to_unarchive(request: messages.UnarchiveMemoriesRequest) -> Which:
    """Reads which memories are to be taken out of the archive."""
    return Which(namespaces=namespaces_of(request.namespaces), wanted=filter_of(request.filter))


def summary_wish_of(request: messages.SummarizeMemoriesRequest) -> SummaryWish:
    """Reads what is to be summarised."""
    refuse_nuls("", query=request.query)
    return SummaryWish(
        namespace=checked(request.namespace, "namespace"),
        wanted=filter_of(request.filter),
        query=request.query,
        tokens_max=request.max_tokens or TOKENS_DEFAULT,
        method=_method_of(SummaryMethod, request.method, SummaryMethod.EXTRACTIVE),
        memory_limit=request.memory_limit or MEMORIES_DEFAULT,
        save=request.save,
    )


def merge_of(request: messages.MergeMemoriesRequest) -> Merge:
    """Reads what is to be merged.

    Raises:
        InvalidFieldError: An id is none.
    """
    refuse_nuls("", content=request.content, reason=request.reason)
    return Merge(
        memory_ids=_ids_of(request.memory_ids, "memoryIds"), content=request.content, reason=request.reason
    )


def proposal_state_of(state: int) -> ProposalState:
    """Reads what became of the proposals that are wanted: nothing yet, if it is not said."""
    return _method_of(ProposalState, state, ProposalState.OPEN, field="state")


def clustering_of(request: messages.ClusterMemoriesRequest) -> TendingParameters:
    """Reads how to cluster."""
    method = _method_of(ClusterMethod, request.method, ClusterMethod.KMEANS)
    return TendingParameters(
        tasks=(Task.CLUSTERS.value,), method=int(method), cluster_count=request.cluster_count
    )


def optimizing_of(request: messages.OptimizeMemoriesRequest) -> TendingParameters:
    """Reads how to look after a namespace.

    Raises:
        InvalidFieldError: There is no such task, or memories would be taken for duplicates too easily.
    """
    known = [task.value for task in Task]
    for place, task in enumerate(request.tasks):
        if task not in known:
            raise InvalidFieldError.of(f"tasks[{place}]", f"must be one of {', '.join(known)}")
    if request.similarity and not SIMILARITY_MIN <= request.similarity <= 1:
        raise InvalidFieldError.of("similarity", f"must be between {SIMILARITY_MIN} and 1")
    return TendingParameters(
        tasks=tuple(request.tasks) or tuple(known),
        similarity=request.similarity or SIMILARITY_DEFAULT,
        merge=request.apply_proposals,
    )


def _method_of(kind: type[_Kind], number: int, default: _Kind, *, field: str = "method") -> _Kind:
    try:
        return kind(number) if number else default
    except ValueError:
        allowed = ", ".join(each.name for each in kind)
        raise InvalidFieldError.of(field, f"must be one of {allowed}") from None


def _ids_of(texts: Sequence[str], field: str) -> list[UUID]:
    ids: list[UUID] = []
    for place, text in enumerate(texts):
        try:
            ids.append(UUID(text))
        except ValueError:
            raise InvalidFieldError.of(f"{field}[{place}]", "must be a UUID") from None
    return ids


def _check_share(share: float, field: str) -> None:
    if not 0 <= share <= 1:
        raise InvalidFieldError.of(field, "must be between 0 and 1")
