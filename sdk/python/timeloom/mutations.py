"""What a client changes while nobody hears it, and what becomes of that."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from timeloom.hybrid_clocks import HybridClock

BATCH_MAX: Final = 500
"""How many mutations travel together."""


class MutationOperation(StrEnum):
    """What a mutation does to its record."""

    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class MutationOutcome(StrEnum):
    """What became of a mutation."""

    APPLIED = "APPLIED"
    SUPERSEDED = "SUPERSEDED"
    CONFLICT = "CONFLICT"
    REJECTED = "REJECTED"


class ConflictPolicy(StrEnum):
    """Who wins when a mutation meets a record that was changed since its writer saw it."""

    LAST_WRITE_WINS = "LAST_WRITE_WINS"
    SERVER_WINS = "SERVER_WINS"
    USER_PRIORITY = "USER_PRIORITY"
    FIELD_MERGE = "FIELD_MERGE"
    MANUAL = "MANUAL"


class SyncConflictStatus(StrEnum):
    """How far a conflict is."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change that a client made, perhaps while it was offline.

    Attributes:
        id: Unique in the project: the mutation is applied once, however often it is sent.
        table: `tasks`, `environments`, `preferences` or `agent_sessions`.
        operation: What it does; None if the server knows one that this client does not.
        record_id: A UUID.
        value: The fields that it sets, by their names in REST; None for a deletion.
        clock: When it was made, and by which client.
        base_clock: The record's clock as the client last had it from the server; empty if it had none.
        user_id: Who made it.
    """

    id: str
    table: str
    operation: MutationOperation | None
    record_id: str
    value: Any = None
    clock: str
    base_clock: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationResult:
    """The answer to a mutation.

    Attributes:
        is_repeated: It had been sent before, and this is the answer that it got then.
        transaction_id: The transaction that applied it, which its change in a shape names; 0 if nothing
            changed.
        clock: The record's clock after it.
        reason: Why it was rejected or lost.
        conflict_id: The conflict that tells of it; or empty.
        dead_letter_id: The dead letter that it became; or empty.
    """

    mutation_id: str
    outcome: MutationOutcome | None
    is_repeated: bool
    transaction_id: int
    clock: str
    reason: str
    conflict_id: str
    dead_letter_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncConflict:
    """A mutation that met a record which had been changed since its writer saw it.

    Attributes:
        server_value: The record as the mutation met it; None if it was deleted.
        fields: The fields that both had changed.
        result: What the record became; None while the conflict is open, or if the record was deleted.
    """

    id: str
    status: SyncConflictStatus | None
    policy: ConflictPolicy | None
    mutation: Mutation
    server_value: Any
    server_clock: str
    fields: tuple[str, ...]
    result: Any
    client_id: str
    create_time: datetime
    resolve_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MutationDeadLetter:
    """A mutation that cannot be applied, with the reason."""

    id: str
    client_id: str
    mutation: Mutation
    reason: str
    attempts: int
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncPolicy:
    """The conflict policy of a table."""

    table: str
    policy: ConflictPolicy | None


class MutationQueue:
    """Mutations that wait to be sent, in the order in which they were made.

    It lives in memory: an app that must survive its own end keeps `pending` where it keeps its data.

    Attributes:
        client_id: The client's; it stays the same for as long as the queue lives.
        pending: What waits, by the mutations' ids.
    """

    def __init__(self, client_id: str, *, user_id: str = "") -> None:
        """Begin with nothing.

        Args:
            client_id: Such as a UUID of the device: up to 105 letters, digits and `. _ : @ ~ + -`.
            user_id: Who makes the mutations.

        Raises:
            InvalidClockError: No client can have this id.
        """
        self.client_id = client_id
        self.pending: dict[str, Mutation] = {}
        self._user_id = user_id
        self._clock = HybridClock(lambda: time.time_ns() // 1_000_000, node=client_id)

    def insert(self, table: str, value: Mapping[str, Any], *, record_id: str = "") -> Mutation:
        """Queue a new record; it gets a UUID if none is given."""
        return self._queued(MutationOperation.INSERT, table, record_id or str(uuid4()), value, "")

    def update(
        self, table: str, record_id: str, value: Mapping[str, Any], *, base_clock: str = ""
    ) -> Mutation:
        """Queue a change of a record.

        Args:
            table: The record's.
            record_id: The record's.
            value: The fields to set.
            base_clock: The record's clock as the server last told it.
        """
        return self._queued(MutationOperation.UPDATE, table, record_id, value, base_clock)

    def delete(self, table: str, record_id: str, *, base_clock: str = "") -> Mutation:
        """Queue the deletion of a record."""
        return self._queued(MutationOperation.DELETE, table, record_id, None, base_clock)

    def answered(self, mutation_ids: list[str], *, clock: str) -> None:
        """Take out what the server has answered, and go on from its clock."""
        for mutation_id in mutation_ids:
            self.pending.pop(mutation_id, None)
        self._clock.next(clock)

    def _queued(
        self,
        operation: MutationOperation,
        table: str,
        record_id: str,
        value: Mapping[str, Any] | None,
        base_clock: str,
    ) -> Mutation:
        mutation = Mutation(
            id=str(uuid4()),
            table=table,
            operation=operation,
            record_id=record_id,
            value=value,
            clock=self._clock.next(base_clock),
            base_clock=base_clock,
            user_id=self._user_id,
        )
        self.pending[mutation.id] = mutation
        return mutation
