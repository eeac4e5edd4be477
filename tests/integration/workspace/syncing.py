"""A client of synchronisation that tests can speak to in few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from tests.integration.workspace.service import Service
from timeloom.workspace.v1 import sync_pb2 as nouns
from timeloom.workspace.v1 import sync_service_pb2 as messages
from timeloom.workspace.v1 import sync_service_pb2_grpc as services
from timeloom_platform.auth import Scope
from timeloom_workspace.clocks import HybridClock

APPLIED = nouns.MUTATION_OUTCOME_APPLIED
SUPERSEDED = nouns.MUTATION_OUTCOME_SUPERSEDED
CONFLICT = nouns.MUTATION_OUTCOME_CONFLICT
REJECTED = nouns.MUTATION_OUTCOME_REJECTED

INSERT = nouns.MUTATION_OPERATION_INSERT
UPDATE = nouns.MUTATION_OPERATION_UPDATE
DELETE = nouns.MUTATION_OPERATION_DELETE


def now_ms() -> int:
    """The time, as the service's watch shows it."""
    return int(datetime.now(UTC).timestamp() * 1000)


@dataclass(kw_only=True)
class Client:
    """A device with a queue of its own."""

    service: Service
    name: str
    user: str = ""
    clock: HybridClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = HybridClock(now_ms, node=self.name)
        self.stub = services.SyncServiceStub(self.service.channel)

    def mutation(
        self,
        operation: nouns.MutationOperation.ValueType,
        record_id: UUID,
        value: Mapping[str, Any] | None = None,
        *,
        table: str = "tasks",
        base: str = "",
        **fields: Any,
    ) -> nouns.Mutation:
        """Makes a mutation; other fields of it may be given, too."""
        made: dict[str, Any] = {
            "id": str(uuid4()),
            "table": table,
            "operation": operation,
            "record_id": str(record_id),
            "value": b"" if value is None else msgspec.json.encode(value),
            "clock": self.clock.next(base),
            "base_clock": base,
            "user_id": self.user,
        }
        return nouns.Mutation(**{**made, **fields})

    def insertion(self, record_id: UUID, value: Mapping[str, Any], **fields: Any) -> nouns.Mutation:
        """Makes an insertion."""
        return self.mutation(INSERT, record_id, value, **fields)

    def update(self, record_id: UUID, value: Mapping[str, Any], **fields: Any) -> nouns.Mutation:
        """Makes an update."""
        return self.mutation(UPDATE, record_id, value, **fields)

    def deletion(self, record_id: UUID, **fields: Any) -> nouns.Mutation:
        """Makes a deletion."""
        return self.mutation(DELETE, record_id, **fields)

    async def send(self, *mutations: nouns.Mutation) -> Sequence[nouns.MutationResult]:
        """Sends a batch, and returns the results."""
        request = messages.ApplyMutationsRequest(client_id=self.name, mutations=mutations)
        return (await self.stub.ApplyMutations(request, metadata=self.service.metadata)).results

    async def send_one(self, mutation: nouns.Mutation) -> nouns.MutationResult:
        """Sends a batch of one."""
        (result,) = await self.send(mutation)
        return result

    async def conflicts(self, **fields: Any) -> Sequence[nouns.SyncConflict]:
        """Lists conflicts."""
        request = messages.ListSyncConflictsRequest(**fields)
        return (await self.stub.ListSyncConflicts(request, metadata=self.service.metadata)).conflicts

    async def dead_letters(self, **fields: Any) -> Sequence[nouns.MutationDeadLetter]:
        """Lists dead letters."""
        request = messages.ListMutationDeadLettersRequest(**fields)
        answer = await self.stub.ListMutationDeadLetters(request, metadata=self.service.metadata)
        return answer.dead_letters

    async def redrive(self, letter_id: str, value: Mapping[str, Any] | None = None) -> nouns.MutationResult:
        """Redrives a dead letter."""
        encoded = b"" if value is None else msgspec.json.encode(value)
        request = messages.RedriveMutationRequest(dead_letter_id=letter_id, value=encoded)
        return (await self.stub.RedriveMutation(request, metadata=self.service.metadata)).result

    async def resolve(
        self,
        conflict_id: str,
        choice: messages.ResolveSyncConflictRequest.Choice.ValueType,
        value: Mapping[str, Any] | None = None,
    ) -> nouns.SyncConflict:
        """Decides a conflict."""
        encoded = b"" if value is None else msgspec.json.encode(value)
        request = messages.ResolveSyncConflictRequest(conflict_id=conflict_id, choice=choice, value=encoded)
        return (await self.stub.ResolveSyncConflict(request, metadata=self.service.metadata)).conflict

    async def set_policy(self, table: str, policy: nouns.ConflictPolicy.ValueType) -> None:
        """Sets a policy."""
        metadata = self.service.metadata_of(self.service.project_id, Scope.ADMIN)
        await self.stub.SetSyncPolicy(
            messages.SetSyncPolicyRequest(table=table, policy=policy), metadata=metadata
        )

    async def values(self, record_id: UUID, *, table: str = "tasks") -> dict[str, Any] | None:
        """Returns a record's row; None if there is none."""
        async with self.service.rows() as connection:
            row = await connection.fetchrow(f"SELECT * FROM {table} WHERE id = $1", record_id)
        return dict(row) if row else None
