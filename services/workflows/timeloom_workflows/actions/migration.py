"""Actions on the migrations of the execution's project: `{"type": "migration", "operation", "input"}`.

The input is what REST takes for the operation, the output what it answers. `advance` does the next bounded
part of a migration's work and tells whether there is more: the workflow `timeloom-migration` calls it again
and again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import grpc.aio
import msgspec
from google.protobuf.message import Message

from timeloom.migration.v1 import migration_service_pb2 as messages
from timeloom.migration.v1 import migration_service_pb2_grpc as services
from timeloom_platform.auth import Identity, Scope, acting_as
from timeloom_workflows.actions import fields
from timeloom_workflows.actions.call import Call, InvalidActionError
from timeloom_workflows.actions.grpc_errors import error_of
from timeloom_workflows.actions.messages import filled, value_of

Method: TypeAlias = Callable[..., Awaitable[Message]]

SERVICES: Final = (messages.DESCRIPTOR.services_by_name["MigrationService"],)
"""Those that the channel to the migration service is opened with."""


@dataclass(frozen=True, slots=True)
class _Operation:
    method: Method
    request: Callable[[], Message]


class MigrationRunner:
    """Works on migrations, in the name of the execution's project."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Take a channel that makes the current identity known."""
        stub = services.MigrationServiceStub(channel)
        self._operations: Mapping[str, _Operation] = {
            "advance": _Operation(stub.AdvanceMigration, messages.AdvanceMigrationRequest),
            "get": _Operation(stub.GetMigration, messages.GetMigrationRequest),
        }

    async def run(self, call: Call) -> bytes:
        """Does one operation."""
        name = fields.text(call.action, "operation")
        operation = self._operations.get(name)
        if operation is None:
            raise InvalidActionError(f"`operation` must be one of {', '.join(self._operations)}")
        request = operation.request()
        filled(request, fields.mapping(call.action, "input"))
        with acting_as(Identity(project_id=str(call.project_id), scope=Scope.WRITE)):
            try:
                answer: Any = await operation.method(request, timeout=call.timeout_seconds)
            except grpc.aio.AioRpcError as error:
                raise error_of(error, asked=f"The migration operation {name}") from None
        return msgspec.json.encode(value_of(answer))
