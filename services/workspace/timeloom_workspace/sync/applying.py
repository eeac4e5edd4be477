"""One mutation, applied within a transaction: to its record, or to the conflicts or dead letters."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import asyncpg

from timeloom.events.v1 import events_pb2
from timeloom_platform import outbox
from timeloom_platform.database import Connection
from timeloom_platform.errors import AlreadyExistsError
from timeloom_platform.ids import uuid7
from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.records.events import topic_of
from timeloom_workspace.records.showing import document_of
from timeloom_workspace.sync.limits import AWAITING_MAX
from timeloom_workspace.sync.model import ConflictStatus, DeadLetter, Mutation, Result
from timeloom_workspace.sync.policies import Outcome, Policy, Record, Verdict, decide
from timeloom_workspace.sync.preparing import (
    PoisonError,
    Prepared,
    base_clock_of,
    checked_clock,
    prepared,
    prepared_at,
)
from timeloom_workspace.sync.storage import answers, conflicts, dead_letters, states
from timeloom_workspace.sync.withholding import is_withheld, kept_value

CONFLICTS_TABLE: Final = "sync_conflicts"

_SAVEPOINT: Final = "SAVEPOINT mutation"
_RELEASE: Final = "RELEASE SAVEPOINT mutation"
_ROLLBACK: Final = "ROLLBACK TO SAVEPOINT mutation; RELEASE SAVEPOINT mutation"

REFUSALS: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What the database has against a value, such as that it is too long for an index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Applies the mutations of one transaction.

    Attributes:
        connection: Within the transaction.
        transaction: Tells its id.
        project_id: The transaction's.
        client_id: Who sends them.
        policies: By table.
        clock: The service's.
        is_careful: Whether what the database refuses becomes a dead letter. That takes a savepoint for each
            mutation; else it fails, and the transaction with it.
        answered: By mutation, the answers that are to be kept when the transaction ends.
    """

    connection: Connection
    transaction: states.Transaction
    project_id: UUID
    client_id: str
    policies: dict[str, Policy] = field(default_factory=dict[str, Policy])
    clock: HybridClock
    is_careful: bool
    answered: dict[str, Result] = field(default_factory=dict[str, Result])

    async def apply(self, mutation: Mutation) -> Result:
        """Applies a mutation that is new, and notes the answer.

        Raises:
            OverloadedError: There are too many conflicts or dead letters.
        """
        try:
            ready = prepared(mutation, now_ms=self.clock.now_ms())
            result = await self._attempted(self._decided(mutation, ready))
        except PoisonError as error:
            kept = replace(mutation, value=kept_value(mutation.table, mutation.value))
            result = await self._buried(kept, str(error), awaits_record=False)
        self.answered[mutation.id] = result
        return result

    async def redrive(self, letter: DeadLetter, *, value: bytes | None = None) -> Result:
        """Applies a locked dead letter once more, with another value if one is given.

        A clock that orders nothing, or whose time is over, gives way to the service's own: somebody wants it
        now.
        """
        mutation = letter.mutation if value is None else replace(letter.mutation, value=value)
        try:
            ready = self._prepared_again(mutation)
            result = await self._attempted(self._decided(mutation, ready, letter=letter))
        except PoisonError as error:
            kept = kept_value(mutation.table, mutation.value)
            result = await self._again(letter, kept, str(error), awaits_record=False)
        if mutation.id in self.answered:
            self.answered[mutation.id] = result
        else:
            await answers.replace(self.connection, self.project_id, result)
        return result

    def _prepared_again(self, mutation: Mutation) -> Prepared:
        if is_withheld(mutation.value):
            raise PoisonError("value: parts of it could be secrets and were not kept; give it anew")
        clock, base_clock = mutation.clock, base_clock_of(mutation)
        try:
            checked_clock(mutation, now_ms=self.clock.now_ms())
        except PoisonError:
            clock = self.clock.next(base_clock)
        return prepared_at(mutation, clock=clock, base_clock=base_clock)

    async def _attempted(self, work: Awaitable[Result]) -> Result:
        """Does what can fail for one mutation without taking the others of the transaction along."""
        if not self.is_careful:
            # A poisoned mutation is found out before anything is written.
            return await work
        await self.connection.execute(_SAVEPOINT)
        try:
            result = await work
        except PoisonError:
            await self.connection.execute(_ROLLBACK)
            raise
        except REFUSALS as error:
            if isinstance(error, asyncpg.UniqueViolationError):
                raise
            await self.connection.execute(_ROLLBACK)
            raise PoisonError("value: the database does not take it") from error
        await self.connection.execute(_RELEASE)
        return result

    async def _decided(
        self, mutation: Mutation, ready: Prepared, *, letter: DeadLetter | None = None
    ) -> Result:
        locked = await states.lock(self.connection, self.project_id, ready.table, ready.record_id)
        before = locked.record
        verdict = decide(self.policies[ready.table.name], before, ready.write)
        if verdict.outcome is Outcome.REJECTED:
            if letter is not None:
                return await self._again(letter, mutation.value, verdict.reason, awaits_record=True)
            return await self._buried(mutation, verdict.reason, awaits_record=True)
        after = verdict.record
        assert after is not None, "only what is rejected leaves no record"
        is_changed = await self._store(ready, before, after)
        conflict_id = None
        if verdict.is_contested:
            conflict_id = await self._contested(mutation, ready, verdict, locked)
        if letter is not None:
            await dead_letters.delete(self.connection, self.project_id, letter.id)
        if after.values is not None and (before is None or before.values is None):
            await self._apply_awaiting(ready)
        return Result(
            mutation_id=mutation.id,
            outcome=verdict.outcome,
            transaction_id=await self.transaction.id() if is_changed else 0,
            clock=after.clock,
            reason=verdict.reason,
            conflict_id=conflict_id,
        )

    async def _store(self, ready: Prepared, before: Record | None, after: Record) -> bool:
        try:
            return await states.store(
                self.connection, self.project_id, ready.table, ready.record_id, before=before, after=after
            )
        except AlreadyExistsError as error:
            existed = before is not None and before.exists
            if not existed and await self._document(ready) is not None:
                # Somebody made the record just now: the transaction begins again, and meets it.
                raise
            raise PoisonError(f"{ready.table.unique[-1]}: {error.message}") from None

    async def _contested(
        self,
        mutation: Mutation,
        ready: Prepared,
        verdict: Verdict,
        locked: states.Locked,
    ) -> UUID:
        assert locked.record is not None, "without a record there is no rival"
        conflict_id = uuid7()
        is_open = verdict.outcome is Outcome.CONFLICT
        await conflicts.insert(
            self.connection,
            self.project_id,
            conflict_id,
            status=ConflictStatus.OPEN if is_open else ConflictStatus.RESOLVED,
            policy=self.policies[ready.table.name],
            mutation=mutation,
            server_value=document_of(locked.stored) if locked.stored else None,
            server_clock=locked.record.clock,
            fields=verdict.fields,
            result=None if is_open else await self._document(ready),
            client_id=self.client_id,
        )
        if is_open:
            opened = events_pb2.SyncConflictOpened(
                conflict_id=str(conflict_id), table=ready.table.name, record_id=str(ready.record_id)
            )
            event = events_pb2.Event(topic=topic_of(CONFLICTS_TABLE), sync_conflict_opened=opened)
            await outbox.enqueue(self.connection, str(self.project_id), [event])
        return conflict_id

    async def _apply_awaiting(self, ready: Prepared) -> None:
        """Applies what came before its record."""
        for letter in await dead_letters.lock_awaiting(
            self.connection, self.project_id, ready.table.name, ready.record_id, limit=AWAITING_MAX
        ):
            await replace(self, client_id=letter.client_id).redrive(letter)

    async def _buried(self, mutation: Mutation, reason: str, *, awaits_record: bool) -> Result:
        letter_id = uuid7()
        await dead_letters.insert(
            self.connection,
            self.project_id,
            letter_id,
            client_id=self.client_id,
            mutation=mutation,
            reason=reason,
            awaits_record=awaits_record,
        )
        return _rejected(mutation.id, letter_id, reason)

    async def _again(
        self, letter: DeadLetter, value: bytes | None, reason: str, *, awaits_record: bool
    ) -> Result:
        await dead_letters.update(
            self.connection,
            self.project_id,
            letter.id,
            value=value,
            reason=reason,
            awaits_record=awaits_record,
        )
        return _rejected(letter.mutation.id, letter.id, reason)

    async def _document(self, ready: Prepared) -> bytes | None:
        stored = await states.select(self.connection, self.project_id, ready.table, ready.record_id)
        return document_of(stored) if stored else None


def _rejected(mutation_id: str, letter_id: UUID, reason: str) -> Result:
    return Result(mutation_id=mutation_id, outcome=Outcome.REJECTED, reason=reason, dead_letter_id=letter_id)
