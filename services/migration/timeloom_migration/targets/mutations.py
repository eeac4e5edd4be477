"""Mutations that an app had queued: the workspace's synchronisation applies them, as if the app sent them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import grpc.aio
import msgspec

from timeloom.workspace.v1 import sync_pb2, sync_service_pb2, sync_service_pb2_grpc
from timeloom_migration.targets.target import Found, Outcome, Restoration, Result, Wanted, Write
from timeloom_migration.targets.workspace import WorkspaceTarget

SERVICES: Final = (sync_service_pb2.DESCRIPTOR.services_by_name["SyncService"],)

CLIENT_ID: Final = "timeloom-migration"

_OUTCOMES: Final = {
    sync_pb2.MUTATION_OUTCOME_APPLIED: Outcome.DONE,
    # It lost by the table's policy, or a person decides about it among the conflicts of the synchronisation.
    sync_pb2.MUTATION_OUTCOME_SUPERSEDED: Outcome.DONE,
    sync_pb2.MUTATION_OUTCOME_CONFLICT: Outcome.DONE,
    sync_pb2.MUTATION_OUTCOME_REJECTED: Outcome.REFUSED,
}


class MutationsTarget:
    """Applies mutations, and takes back what they did to their records."""

    def __init__(self, channel: grpc.aio.Channel, *, records: WorkspaceTarget) -> None:
        """Take a channel that makes the current identity known, and who has the records."""
        self._stub = sync_service_pb2_grpc.SyncServiceStub(channel)
        self._records = records

    async def find(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns the records that mutations are about."""
        return await self._records.read([_of_record(each) for each in wanted])

    async def read(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns the records that mutations are about."""
        return await self.find(wanted)

    async def write(self, writes: Sequence[Write]) -> list[Result]:
        """Applies mutations in their order, each once."""
        answer = await self._stub.ApplyMutations(
            sync_service_pb2.ApplyMutationsRequest(
                client_id=CLIENT_ID, mutations=[_mutation(each) for each in writes]
            )
        )
        return [
            Result(outcome=_OUTCOMES[each.outcome], mark=each.clock, reason=each.reason)
            for each in answer.results
        ]

    async def restore(self, restorations: Sequence[Restoration]) -> list[Result]:
        """Restores the records as they were before.

        Where nobody knows whether one was applied, it is sent again: it is applied once, and tells then.
        """
        unknown = [each for each in restorations if not each.mark and not each.replaces_changes]
        if unknown:
            answers = await self.write([_repeated(each) for each in unknown])
            marks = {each.write_id: answer.mark for each, answer in zip(unknown, answers, strict=True)}
            restorations = [replace(each, mark=each.mark or marks[each.write_id]) for each in restorations]
        return await self._records.restore(
            [
                replace(
                    each,
                    table=str(each.fields.get("table", "")),
                    id=UUID(str(each.fields.get("recordId", ""))),
                    write_id="",
                )
                for each in restorations
            ]
        )


def _repeated(restoration: Restoration) -> Write:
    return Write(
        table=restoration.table,
        id=restoration.id,
        write_id=restoration.write_id,
        base_mark="",
        fields=restoration.fields,
    )


def _of_record(wanted: Wanted) -> Wanted:
    return Wanted(
        table=str(wanted.fields.get("table", "")), id=UUID(str(wanted.fields.get("recordId", ""))), fields={}
    )


def _mutation(write: Write) -> sync_pb2.Mutation:
    fields: Any = write.fields
    return sync_pb2.Mutation(
        id=write.write_id,
        table=str(fields.get("table", "")),
        operation=sync_pb2.MutationOperation.Value(
            str(fields.get("operation", "MUTATION_OPERATION_UNSPECIFIED"))
        ),
        record_id=str(fields.get("recordId", "")),
        value=msgspec.json.encode(fields["value"]) if fields.get("value") is not None else b"",
        clock=str(fields.get("clock", "")),
        base_clock=str(fields.get("baseClock", "")),
        user_id=str(fields.get("userId", "")),
    )
