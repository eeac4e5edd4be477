"""From the nouns of pruning and retention to the messages of the contract."""

from __future__ import annotations

from timeloom.snapshots.v1 import snapshots_pb2, time_travel_pb2, time_travel_service_pb2
from timeloom_platform.times import timestamp
from timeloom_snapshots.policies import RetentionPolicy
from timeloom_snapshots.pruning import Pruned
from timeloom_snapshots.retention import KeptPolicy


def pruned_message(pruned: Pruned) -> time_travel_service_pb2.PruneExecutionsResponse:
    """Returns what pruning did, or would do."""
    return time_travel_service_pb2.PruneExecutionsResponse(
        executions=[
            time_travel_pb2.PrunedExecution(
                execution_id=str(each.execution_id),
                snapshot_count=each.snapshot_count,
                stored_bytes=each.stored_bytes,
                deleted=each.is_deleted,
            )
            for each in pruned.executions
        ],
        snapshot_count=sum(each.snapshot_count for each in pruned.executions),
        stored_bytes=sum(each.stored_bytes for each in pruned.executions),
        truncated=pruned.is_truncated,
    )


def kept_policy_message(kept: KeptPolicy) -> time_travel_service_pb2.GetRetentionPolicyResponse:
    """Returns a project's policy."""
    message = time_travel_service_pb2.GetRetentionPolicyResponse()
    if kept.policy is not None and kept.update_time is not None:
        message.policy.CopyFrom(_policy_message(kept.policy))
        message.update_time.CopyFrom(timestamp(kept.update_time))
    return message


def _policy_message(policy: RetentionPolicy) -> time_travel_pb2.RetentionPolicy:
    message = time_travel_pb2.RetentionPolicy(
        keep_last=policy.keep_last,
        keep_tagged=policy.keep_tagged,
        keep_kinds=[snapshots_pb2.SnapshotKind.ValueType(kind) for kind in policy.keep_kinds],
    )
    if policy.keep_younger_than is not None:
        message.keep_younger_than.FromTimedelta(policy.keep_younger_than)
    if policy.delete_ended_after is not None:
        message.delete_ended_after.FromTimedelta(policy.delete_ended_after)
    return message
