"""The EventStreamsService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import event_streams_service_pb2 as messages
from timeloom.observability.v1 import event_streams_service_pb2_grpc as services
from timeloom_observability.streams.exporting import Exporter, Lines, Table
from timeloom_observability.streams.tailing import Tails
from timeloom_platform.auth import current_identity
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]

_LINES: Final = ("application/x-ndjson", "events.jsonl")
_TABLE: Final = ("application/vnd.apache.parquet", "events.parquet")
"""What a file is, and what it is called."""


class EventStreamsServicer(services.EventStreamsServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, *, tails: Tails, exporter: Exporter) -> None:
        self._tails = tails
        self._exporter = exporter

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_EventStreamsServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["EventStreamsService"],
        )

    async def TailEvents(
        self, request: messages.TailEventsRequest, context: _Context
    ) -> AsyncGenerator[messages.TailEventsResponse]:
        tail = self._tails.tail(_project_id(), request.filter, position=request.position)
        async with aclosing(tail):
            async for told in tail:
                yield messages.TailEventsResponse(
                    events=told.events, position=str(told.position), skipped_count=told.skipped_count
                )

    async def ExportEvents(
        self, request: messages.ExportEventsRequest, context: _Context
    ) -> AsyncGenerator[messages.ExportEventsResponse]:
        is_table = request.format == messages.ExportFormat.EXPORT_FORMAT_PARQUET
        media_type, file_name = _TABLE if is_table else _LINES
        parts = self._exporter.file(_project_id(), request.filter, Table() if is_table else Lines())
        async with aclosing(parts):
            first = await anext(parts, b"")
            yield messages.ExportEventsResponse(data=first, media_type=media_type, file_name=file_name)
            async for part in parts:
                yield messages.ExportEventsResponse(data=part)


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
