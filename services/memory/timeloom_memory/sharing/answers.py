"""From what the use cases of sharing return to the messages of the contract."""

from __future__ import annotations

from timeloom.memory.v1 import memory_pb2
from timeloom.memory.v1 import memory_sharing_service_pb2 as messages
from timeloom_memory.sharing.model import Evidence, Grant, Subscription, Team
from timeloom_memory.sharing.reconciliation import Outcome
from timeloom_platform.times import timestamp, write_time


def grant_message(grant: Grant) -> memory_pb2.Grant:
    """Returns a grant."""
    message = memory_pb2.Grant(
        id=str(grant.id),
        namespace=grant.namespace or "",
        memory_id=str(grant.memory_id or ""),
        principal=grant.principal,
        permission=memory_pb2.Permission.ValueType(grant.permission),
        granted_by=grant.granted_by,
        create_time=timestamp(grant.create_time),
    )
    if grant.expire_time is not None:
        write_time(message.expire_time, grant.expire_time)
    return message


def team_message(team: Team) -> memory_pb2.Team:
    """Returns a team."""
    return memory_pb2.Team(id=team.id, agent_ids=team.agent_ids, update_time=timestamp(team.update_time))


def subscription_message(subscription: Subscription) -> memory_pb2.Subscription:
    """Returns a subscription."""
    return memory_pb2.Subscription(
        id=str(subscription.id),
        agent_id=subscription.agent_id,
        namespaces=subscription.namespaces,
        kinds=[memory_pb2.MemoryKind.ValueType(kind) for kind in subscription.kinds],
        tags=subscription.tags,
        sequence=subscription.sequence,
        create_time=timestamp(subscription.create_time),
    )


def evidence_message(evidence: Evidence) -> memory_pb2.Evidence:
    """Returns what an agent found out."""
    return memory_pb2.Evidence(
        id=str(evidence.id),
        memory_id=str(evidence.memory_id),
        agent_id=evidence.agent_id,
        stance=memory_pb2.Stance.ValueType(evidence.stance),
        note=evidence.note,
        evidence_memory_id=str(evidence.evidence_memory_id or ""),
        create_time=timestamp(evidence.create_time),
    )


def outcome_message(outcome: Outcome, *, dry_run: bool) -> messages.SyncOutcome:
    """Returns what became of a memory; what is only planned has no id yet."""
    result_id = None if dry_run and outcome.is_new else outcome.result_id
    return messages.SyncOutcome(
        source_id=str(outcome.source_id),
        target_id=str(outcome.target_id or ""),
        result_id=str(result_id or ""),
        action=messages.SyncAction.ValueType(outcome.action),
        similarity=outcome.similarity,
    )
