"""The TransferService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.workspace.v1 import transfer_service_pb2 as messages
from timeloom.workspace.v1 import transfer_service_pb2_grpc as services
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.records.tables import table_of
from timeloom_workspace.transfer.transfers import (
    FoundRecord,
    Outcome,
    RecordName,
    RecordRestoration,
    RecordWrite,
    Result,
    Transfers,
)

_Context = grpc.aio.ServicerContext[Any, Any]

_OUTCOMES: Final[Mapping[Outcome, messages.RecordOutcome.ValueType]] = {
    Outcome.DONE: messages.RECORD_OUTCOME_DONE,
    Outcome.CHANGED: messages.RECORD_OUTCOME_CHANGED,
    Outcome.REFUSED: messages.RECORD_OUTCOME_REFUSED,
}


class TransferServicer(services.TransferServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, transfers: Transfers) -> None:
        self._transfers = transfers

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_TransferServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["TransferService"],
        )

    async def ReadRecords(
        self, request: messages.ReadRecordsRequest, context: _Context
    ) -> messages.ReadRecordsResponse:
        found = await self._transfers.read(
            _project_id(),
            [
                RecordName(
                    table=table_of(each.table),
                    id=UUID(each.id) if each.id else None,
                    unique_name=each.unique_name,
                    user_id=each.user_id,
                )
                for each in request.names
            ],
        )
        return messages.ReadRecordsResponse(records=map(_record_message, found))

    async def WriteRecords(
        self, request: messages.WriteRecordsRequest, context: _Context
    ) -> messages.WriteRecordsResponse:
        results = await self._transfers.write(
            _project_id(),
            [
                RecordWrite(
                    table=table_of(each.table),
                    id=UUID(each.id),
                    write_id=each.write_id,
                    base_clock=each.base_clock,
                    value=each.value,
                    secrets=dict(each.secrets),
                )
                for each in request.writes
            ],
        )
        return messages.WriteRecordsResponse(results=_result_messages(results))

    async def RestoreRecords(
        self, request: messages.RestoreRecordsRequest, context: _Context
    ) -> messages.RestoreRecordsResponse:
        results = await self._transfers.restore(
            _project_id(),
            [
                RecordRestoration(
                    table=table_of(each.table),
                    id=UUID(each.id),
                    write_id=each.write_id,
                    clock=each.clock,
                    image=each.image.decode(),
                    replaces_changes=each.replace_changes,
                )
                for each in request.restorations
            ],
        )
        return messages.RestoreRecordsResponse(results=_result_messages(results))


def _record_message(found: FoundRecord) -> messages.FoundRecord:
    return messages.FoundRecord(
        id=str(found.id or ""), value=found.value, clock=found.clock, image=found.image.encode()
    )


def _result_messages(results: Iterable[Result]) -> list[messages.RecordResult]:
    return [
        messages.RecordResult(outcome=_OUTCOMES[each.outcome], clock=each.clock, reason=each.reason)
        for each in results
    ]


def _project_id() -> UUID:
    """Returns whose records they are: a service that acts for the installation has none."""
    project_id = current_identity().project_id
    if not project_id:
        raise InvalidFieldError.of("project", "is required: the records are those of a project")
    return UUID(project_id)
