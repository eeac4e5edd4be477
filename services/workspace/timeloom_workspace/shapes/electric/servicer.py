"""ShapesService where Electric keeps the shapes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Final

import grpc.aio

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import UnavailableError
from timeloom_workspace.shapes import catalogue
from timeloom_workspace.shapes.answers import of_error
from timeloom_workspace.shapes.electric.confining import confined
from timeloom_workspace.shapes.electric.upstream import Upstream
from timeloom_workspace.shapes.errors import (
    InvalidShapeRequestError,
    MissingTableError,
    ShapeError,
    ShapesUnavailableError,
)
from timeloom_workspace.shapes.following import LOST
from timeloom_workspace.shapes.requests import ShapeRequest, parse
from timeloom_workspace.shapes.servicer import responses_of
from timeloom_workspace.shapes.snapshots import SnapshotReader
from timeloom_workspace.shapes.tables import Registration, Registry, Table

TABLE_SECONDS: Final = 60.0
"""How long what the catalogue says of a table is relied on."""

ReadShapeRequest = shapes_service_pb2.ReadShapeRequest
ReadShapeResponse = shapes_service_pb2.ReadShapeResponse


class ElectricServicer(shapes_service_pb2_grpc.ShapesServiceServicer):
    """Shows shapes of the caller's project, as Electric has them.

    Args:
        upstream: Asks Electric.
        registry: Knows the tables.
        database: Reads the catalogue.
    """

    def __init__(self, upstream: Upstream, *, registry: Registry, database: SnapshotReader) -> None:
        self._upstream = upstream
        self._registry = registry
        self._database = database
        self._tables: dict[Registration, tuple[float, Table]] = {}

    async def ReadShape(
        self, request: ReadShapeRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[ReadShapeResponse]:
        """Answers with a head, and the body in parts."""
        del context
        has_begun = False
        try:
            asked = _parsed(request)
            fields = confined(asked, await self._table(asked.table), current_identity().project_id)
            known = request.headers.get("if-none-match", "")
            headers = {"if-none-match": known} if known else {}
            async with self._upstream.asked(fields, headers, is_live=asked.is_live) as answer:
                async for response in responses_of(answer):
                    has_begun = True
                    yield response
        except ShapeError as error:
            if has_begun:
                # The connection is reset: nobody takes a part for the whole.
                raise UnavailableError("Electric's answer broke off.", retry_after_seconds=1) from error
            async for response in responses_of(of_error(error)):
                yield response

    async def _table(self, name: str) -> Table:
        registration = self._registry.find(name)
        if registration is None:
            raise InvalidShapeRequestError.of("table", f'There is no shape of a table "{name}"')
        known = self._tables.get(registration)
        if known is not None and time.monotonic() - known[0] < TABLE_SECONDS:
            return known[1]
        try:
            async with self._database.connection() as connection:
                table = await catalogue.describe(connection, registration)
        except LOST as error:
            raise ShapesUnavailableError("The database cannot be reached.") from error
        if table is None:
            raise MissingTableError(registration.name)
        self._tables[registration] = time.monotonic(), table
        return table


def _parsed(request: ReadShapeRequest) -> ShapeRequest:
    if request.method == "DELETE":
        # By its handle alone, Electric would give up anybody's shape.
        raise ShapeError(405, {"message": "Shapes cannot be deleted here"}, {"allow": "GET, POST, OPTIONS"})
    return parse(request.method, request.query, request.body)
