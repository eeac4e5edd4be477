"""From the messages of pruning and retention to the nouns of the service."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from google.protobuf.duration_pb2 import Duration

from timeloom.snapshots.v1 import time_travel_pb2, time_travel_service_pb2
from timeloom_platform.errors import InvalidFieldError
from timeloom_snapshots.policies import RetentionPolicy
from timeloom_snapshots.storage.pruning import Scope

AGE_MAX: Final = timedelta(days=36_500)


def policy_of(message: time_travel_pb2.RetentionPolicy) -> RetentionPolicy:
    """Reads a policy.

    Raises:
        InvalidFieldError: An age is negative, or longer than anything can be kept.
    """
    return RetentionPolicy(
        keep_last=message.keep_last,
        keep_tagged=message.keep_tagged,
        keep_younger_than=_age_of("policy.keepYoungerThan", message.keep_younger_than)
        if message.HasField("keep_younger_than")
        else None,
        keep_kinds=tuple(sorted(set(message.keep_kinds))),
        delete_ended_after=_age_of("policy.deleteEndedAfter", message.delete_ended_after)
        if message.HasField("delete_ended_after")
        else None,
    )


def scope_of(request: time_travel_service_pb2.PruneExecutionsRequest) -> Scope:
    """Reads which executions are to be pruned."""
    return Scope(
        execution_ids=tuple(map(UUID, request.execution_ids)),
        agent_id=request.agent_id,
        session_id=request.session_id,
    )


def _age_of(field: str, duration: Duration) -> timedelta:
    age = timedelta(seconds=duration.seconds, microseconds=duration.nanos // 1000)
    if not timedelta(0) <= age <= AGE_MAX:
        raise InvalidFieldError.of(field, f"must lie between 0 and {AGE_MAX.days:,} days")
    return age
