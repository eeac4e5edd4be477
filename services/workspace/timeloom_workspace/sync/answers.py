"""What the service answers, and what it is asked, as messages of the contract."""

from __future__ import annotations

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.workspace.v1 import sync_pb2 as nouns
from timeloom_workspace.sync.model import Conflict, DeadLetter, Mutation, Result
from timeloom_workspace.sync.policies import Policy


def mutation_of(message: nouns.Mutation) -> Mutation:
    """Reads a mutation as it came."""
    return Mutation(
        id=message.id,
        table=message.table,
        operation=message.operation,
        record_id=message.record_id,
        value=message.value or None,
        clock=message.clock,
        base_clock=message.base_clock,
        user_id=message.user_id,
    )


def result_message(result: Result) -> nouns.MutationResult:
    """Makes the message of an answer to a mutation."""
    return nouns.MutationResult(
        mutation_id=result.mutation_id,
        outcome=nouns.MutationOutcome.ValueType(result.outcome),
        is_repeated=result.is_repeated,
        transaction_id=result.transaction_id,
        clock=result.clock,
        reason=result.reason,
        conflict_id=str(result.conflict_id or ""),
        dead_letter_id=str(result.dead_letter_id or ""),
    )


def conflict_message(conflict: Conflict) -> nouns.SyncConflict:
    """Makes the message of a conflict."""
    return nouns.SyncConflict(
        id=str(conflict.id),
        status=nouns.SyncConflictStatus.ValueType(conflict.status),
        policy=nouns.ConflictPolicy.ValueType(conflict.policy),
        mutation=_mutation_message(conflict.mutation),
        server_value=conflict.server_value or b"",
        server_clock=conflict.server_clock,
        fields=conflict.fields,
        result=conflict.result or b"",
        client_id=conflict.client_id,
        create_time=_timestamp(conflict.create_time),
        resolve_time=_timestamp(conflict.resolve_time),
    )


def dead_letter_message(letter: DeadLetter) -> nouns.MutationDeadLetter:
    """Makes the message of a mutation that cannot be applied."""
    return nouns.MutationDeadLetter(
        id=str(letter.id),
        client_id=letter.client_id,
        mutation=_mutation_message(letter.mutation),
        reason=letter.reason,
        attempts=letter.attempts,
        create_time=_timestamp(letter.create_time),
    )


def policy_message(table: str, policy: Policy) -> nouns.SyncPolicy:
    """Makes the message of a table's policy."""
    return nouns.SyncPolicy(table=table, policy=nouns.ConflictPolicy.ValueType(policy))


def _mutation_message(mutation: Mutation) -> nouns.Mutation:
    return nouns.Mutation(
        id=mutation.id,
        table=mutation.table,
        operation=nouns.MutationOperation.ValueType(mutation.operation),
        record_id=mutation.record_id,
        value=mutation.value or b"",
        clock=mutation.clock,
        base_clock=mutation.base_clock,
        user_id=mutation.user_id,
    )


def _timestamp(time: datetime | None) -> Timestamp | None:
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp
