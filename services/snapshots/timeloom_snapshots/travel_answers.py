"""From the nouns of rollbacks and verifications to the messages of the contract."""

from __future__ import annotations

from timeloom.snapshots.v1 import time_travel_pb2
from timeloom.snapshots.v1 import time_travel_service_pb2 as messages
from timeloom_platform.times import timestamp
from timeloom_snapshots.answers import effect_message, execution_message
from timeloom_snapshots.model import EffectEntry, HeadMove
from timeloom_snapshots.rollbacks import RolledBack
from timeloom_snapshots.verification import Verification


def rolled_back_message(rolled_back: RolledBack) -> messages.RollbackExecutionResponse:
    """Returns what a rollback did."""
    return messages.RollbackExecutionResponse(
        execution=execution_message(rolled_back.execution),
        head_move=head_move_message(rolled_back.head_move),
        effects=map(timeline_effect_message, rolled_back.effects),
        effects_truncated=rolled_back.is_truncated,
    )


def head_move_message(move: HeadMove) -> time_travel_pb2.HeadMove:
    """Returns a move of a head."""
    return time_travel_pb2.HeadMove(
        number=move.number,
        from_sequence=move.from_sequence,
        to_sequence=move.to_sequence,
        reason=move.reason,
        create_time=timestamp(move.create_time),
    )


def timeline_effect_message(entry: EffectEntry) -> time_travel_pb2.TimelineEffect:
    """Returns an effect with its place."""
    return time_travel_pb2.TimelineEffect(sequence=entry.sequence, effect=effect_message(entry.effect))


def verification_message(verification: Verification) -> messages.VerifyExecutionResponse:
    """Returns what was found to be wrong."""
    return messages.VerifyExecutionResponse(
        intact=not verification.problems,
        snapshot_count=verification.snapshot_count,
        problems=[
            time_travel_pb2.VerificationProblem(
                execution_id=str(each.execution_id), sequence=each.sequence, message=each.description
            )
            for each in verification.problems
        ],
        truncated=verification.is_truncated,
    )
