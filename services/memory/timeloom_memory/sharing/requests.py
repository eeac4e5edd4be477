"""From the messages of the contract to what the use cases of sharing take."""

from __future__ import annotations

from uuid import UUID

from timeloom.memory.v1 import memory_sharing_service_pb2 as messages
from timeloom_memory import names
from timeloom_memory.errors import refuse_nul
from timeloom_memory.names import Principal
from timeloom_memory.sharing.evidence import NewEvidence
from timeloom_memory.sharing.grants import GrantFilter, NewGrant, subject_of
from timeloom_memory.sharing.model import Stance
from timeloom_memory.sharing.reconciliation import Policy
from timeloom_memory.sharing.scope import Permission
from timeloom_memory.sharing.sync import SIMILARITY_DEFAULT, Side, Wish
from timeloom_platform.times import optional_time


def optional_uuid(text: str) -> UUID | None:
    """Returns the id, whose form the contract has checked; None if it is empty."""
    return UUID(text) if text else None


def new_grant_of(request: messages.ShareRequest) -> NewGrant:
    """Returns what is to be shared with whom."""
    memory_id = optional_uuid(request.memory_id)
    return NewGrant(
        namespace=subject_of(request.namespace, memory_id),
        memory_id=memory_id,
        principal=Principal.parse(request.principal, field="principal"),
        permission=Permission(request.permission or Permission.READ),
        expire_time=optional_time(request, "expire_time", "expireTime"),
    )


def grant_filter_of(request: messages.ListGrantsRequest) -> GrantFilter:
    """Returns which grants are wanted."""
    if request.namespace:
        names.checked_prefix(request.namespace, "namespace")
    if request.principal:
        Principal.parse(request.principal, field="principal")
    return GrantFilter(
        namespace=request.namespace,
        memory_id=optional_uuid(request.memory_id),
        principal=request.principal,
    )


def new_evidence_of(request: messages.AddEvidenceRequest) -> NewEvidence:
    """Returns what an agent says of a memory."""
    refuse_nul("note", request.note)
    return NewEvidence(
        memory_id=UUID(request.memory_id),
        agent_id=request.agent_id,
        stance=Stance(request.stance),
        note=request.note,
        evidence_memory_id=optional_uuid(request.evidence_memory_id),
    )


def wish_of(request: messages.SyncMemoriesRequest) -> Wish:
    """Returns which memories are to be brought where, and how."""
    return Wish(
        source=_side_of(request.source, "source"),
        target=_side_of(request.target, "target"),
        policy=Policy(request.policy or Policy.NEWEST),
        similarity=request.similarity or SIMILARITY_DEFAULT,
        dry_run=request.dry_run,
        both_ways=request.both_ways,
    )


def _side_of(side: messages.SyncSide, field: str) -> Side:
    refuse_nul(f"{field}.sessionId", side.session_id)
    return Side(namespace=names.checked(side.namespace, f"{field}.namespace"), session_id=side.session_id)
