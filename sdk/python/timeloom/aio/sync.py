"""Synchronisation: queues of mutations, and what people decide about them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from timeloom._calls import Connection
from timeloom._messages import assign, read, write
from timeloom._pages import AsyncPager
from timeloom.aio._listing import listed
from timeloom.mutations import (
    BATCH_MAX,
    ConflictPolicy,
    Mutation,
    MutationDeadLetter,
    MutationQueue,
    MutationResult,
    SyncConflict,
    SyncConflictStatus,
    SyncPolicy,
)
from timeloom.workspace.v1 import sync_pb2 as nouns
from timeloom.workspace.v1 import sync_service_pb2 as pb

APPLY_TIMEOUT_SECONDS: Final = 60.0


class AsyncSync:
    """Takes what clients changed while nobody heard them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- Mutations --------------------------------------------------------------------

    async def send(self, queue: MutationQueue) -> tuple[MutationResult, ...]:
        """Send what waits in a queue, in its order, and take out what was answered.

        Whatever becomes of the call, it can be made again: a mutation is applied once.
        """
        results: list[MutationResult] = []
        while batch := list(islice(queue.pending.values(), BATCH_MAX)):
            response = await self._apply(queue.client_id, batch)
            queue.answered([each.mutation_id for each in response.results], clock=response.clock)
            results += [read(MutationResult, each) for each in response.results]
        return tuple(results)

    async def apply(self, client_id: str, mutations: Iterable[Mutation]) -> tuple[MutationResult, ...]:
        """Apply up to 500 mutations of a queue of your own, in their order; each is applied once."""
        response = await self._apply(client_id, mutations)
        return tuple(read(MutationResult, each) for each in response.results)

    async def _apply(self, client_id: str, mutations: Iterable[Mutation]) -> pb.ApplyMutationsResponse:
        request = pb.ApplyMutationsRequest(
            client_id=client_id, mutations=[write(each, nouns.Mutation) for each in mutations]
        )
        return await self._connection.unary(
            self._connection.sync.ApplyMutations, request, timeout_seconds=APPLY_TIMEOUT_SECONDS
        )

    # -- Conflicts --------------------------------------------------------------------

    def conflicts(
        self,
        *,
        status: SyncConflictStatus | None = None,
        table: str = "",
        record_id: str = "",
        limit: int | None = None,
        page_size: int = 200,
    ) -> AsyncPager[SyncConflict]:
        """List conflicts, newest first."""
        request = pb.ListSyncConflictsRequest(table=table, record_id=record_id)
        assign(request, "status", status)
        return listed(
            self._connection,
            lambda: self._connection.sync.ListSyncConflicts,
            request,
            kind=SyncConflict,
            field="conflicts",
            limit=limit,
            page_size=page_size,
        )

    async def conflict(self, conflict_id: str) -> SyncConflict:
        """Return one conflict."""
        request = pb.GetSyncConflictRequest(conflict_id=conflict_id)
        response = await self._connection.unary(self._connection.sync.GetSyncConflict, request)
        return read(SyncConflict, response.conflict)

    async def take_clients(self, conflict_id: str) -> SyncConflict:
        """Decide an open conflict: the record becomes what the mutation says."""
        return await self._resolve(conflict_id, pb.ResolveSyncConflictRequest.CHOICE_CLIENT)

    async def take_servers(self, conflict_id: str) -> SyncConflict:
        """Decide an open conflict: the record stays as it is."""
        return await self._resolve(conflict_id, pb.ResolveSyncConflictRequest.CHOICE_SERVER)

    async def take_value(self, conflict_id: str, value: Any) -> SyncConflict:
        """Decide an open conflict: the record's fields become those of a value."""
        return await self._resolve(conflict_id, pb.ResolveSyncConflictRequest.CHOICE_VALUE, value)

    async def _resolve(
        self,
        conflict_id: str,
        choice: pb.ResolveSyncConflictRequest.Choice.ValueType,
        value: Any = None,
    ) -> SyncConflict:
        request = pb.ResolveSyncConflictRequest(conflict_id=conflict_id, choice=choice)
        assign(request, "value", value)
        response = await self._connection.unary(self._connection.sync.ResolveSyncConflict, request)
        return read(SyncConflict, response.conflict)

    # -- Dead letters -----------------------------------------------------------------

    def dead_letters(
        self, *, client_id: str = "", table: str = "", limit: int | None = None, page_size: int = 200
    ) -> AsyncPager[MutationDeadLetter]:
        """List mutations that cannot be applied, newest first."""
        return listed(
            self._connection,
            lambda: self._connection.sync.ListMutationDeadLetters,
            pb.ListMutationDeadLettersRequest(client_id=client_id, table=table),
            kind=MutationDeadLetter,
            field="dead_letters",
            limit=limit,
            page_size=page_size,
        )

    async def redrive(self, dead_letter_id: str, value: Any = None) -> MutationResult:
        """Apply a mutation once more, with another value if one is given."""
        request = pb.RedriveMutationRequest(dead_letter_id=dead_letter_id)
        assign(request, "value", value)
        response = await self._connection.unary(self._connection.sync.RedriveMutation, request)
        return read(MutationResult, response.result)

    async def discard(self, dead_letter_id: str) -> None:
        """Give up a mutation that cannot be applied."""
        request = pb.DiscardMutationRequest(dead_letter_id=dead_letter_id)
        await self._connection.unary(self._connection.sync.DiscardMutation, request)

    # -- Policies ---------------------------------------------------------------------

    async def policies(self) -> dict[str, ConflictPolicy | None]:
        """Return the conflict policy of each table."""
        response = await self._connection.unary(
            self._connection.sync.ListSyncPolicies, pb.ListSyncPoliciesRequest()
        )
        found = [read(SyncPolicy, each) for each in response.policies]
        return {each.table: each.policy for each in found}

    async def set_policy(self, table: str, policy: ConflictPolicy) -> None:
        """Set the conflict policy of a table, for the mutations that arrive from now on.

        Raises:
            MissingScopeError: The key has not the scope `admin`.
        """
        request = pb.SetSyncPolicyRequest(table=table)
        assign(request, "policy", policy)
        await self._connection.unary(self._connection.sync.SetSyncPolicy, request)
