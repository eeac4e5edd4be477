"""Tasks, environments, preferences and agent sessions: the workspace service keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import grpc.aio
import msgspec

from timeloom.workspace.v1 import transfer_service_pb2 as transfer
from timeloom.workspace.v1 import transfer_service_pb2_grpc as transfer_grpc
from timeloom_migration.targets.target import Found, Outcome, Restoration, Result, Wanted, Write

SERVICES: Final = (transfer.DESCRIPTOR.services_by_name["TransferService"],)

_UNIQUE: Final = {"environments": "name", "preferences": "key"}
_OUTCOMES: Final[Mapping[int, Outcome]] = {
    transfer.RECORD_OUTCOME_DONE: Outcome.DONE,
    transfer.RECORD_OUTCOME_CHANGED: Outcome.CHANGED,
    transfer.RECORD_OUTCOME_REFUSED: Outcome.REFUSED,
}


class WorkspaceTarget:
    """Reads and writes records of the workspace."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        self._stub = transfer_grpc.TransferServiceStub(channel)

    async def find(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there, by id or by the name that only one may have."""
        return await self._read([_name(each, by_unique_name=True) for each in wanted])

    async def read(self, wanted: Sequence[Wanted]) -> list[Found | None]:
        """Returns what is there under these ids."""
        return await self._read([_name(each, by_unique_name=False) for each in wanted])

    async def write(self, writes: Sequence[Write]) -> list[Result]:
        """Writes records in one transaction."""
        answer = await self._stub.WriteRecords(
            transfer.WriteRecordsRequest(
                writes=[
                    transfer.RecordWrite(
                        table=each.table,
                        id=str(each.id),
                        write_id=each.write_id,
                        base_clock=each.base_mark,
                        value=msgspec.json.encode(
                            {name: value for name, value in each.fields.items() if name != "secrets"}
                        ),
                        secrets=dict(each.secrets),
                    )
                    for each in writes
                ]
            )
        )
        return [_result(each) for each in answer.results]

    async def restore(self, restorations: Sequence[Restoration]) -> list[Result]:
        """Restores records in one transaction, in the order that is given."""
        answer = await self._stub.RestoreRecords(
            transfer.RestoreRecordsRequest(
                restorations=[
                    transfer.RecordRestoration(
                        table=each.table,
                        id=str(each.id),
                        write_id=each.write_id,
                        clock=each.mark,
                        image=each.image.encode(),
                        replace_changes=each.replaces_changes,
                    )
                    for each in restorations
                ]
            )
        )
        return [_result(each) for each in answer.results]

    async def _read(self, names: list[transfer.RecordName]) -> list[Found | None]:
        answer = await self._stub.ReadRecords(transfer.ReadRecordsRequest(names=names))
        return [_found(each) for each in answer.records]


def _name(wanted: Wanted, *, by_unique_name: bool) -> transfer.RecordName:
    unique = _UNIQUE.get(wanted.table) if by_unique_name else None
    return transfer.RecordName(
        table=wanted.table,
        id=str(wanted.id),
        unique_name=str(wanted.fields.get(unique, ""))[:500] if unique else "",
        user_id=str(wanted.fields.get("userId", ""))[:200],
    )


def _found(record: transfer.FoundRecord) -> Found | None:
    if not record.id:
        return None
    fields: dict[str, Any] = msgspec.json.decode(record.value)
    return Found(
        id=UUID(record.id),
        fields=fields,
        update_time=str(fields.get("updateTime", "")),
        mark=record.clock,
        image=record.image.decode(),
    )


def _result(result: transfer.RecordResult) -> Result:
    return Result(outcome=_OUTCOMES[result.outcome], mark=result.clock, reason=result.reason)
