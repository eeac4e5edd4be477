"""ShapesService: requests and answers as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import grpc.aio

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import current_identity
from timeloom_workspace.shapes.answers import Answers

PART_BYTES_MAX: Final = 512 * 1024
"""An answer's body is sent in messages of at most so much."""

ReadShapeRequest = shapes_service_pb2.ReadShapeRequest
ReadShapeResponse = shapes_service_pb2.ReadShapeResponse


class ShapesServicer(shapes_service_pb2_grpc.ShapesServiceServicer):
    """Shows shapes of the caller's project."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    async def ReadShape(
        self, request: ReadShapeRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[ReadShapeResponse]:
        """Answers with a head, and the body in parts."""
        del context
        answer = await self._answers.answer(
            method=request.method,
            query=request.query,
            body=request.body,
            headers=request.headers,
            project_id=current_identity().project_id,
        )
        head = shapes_service_pb2.ShapeHead(status=answer.status, headers=answer.headers)
        yield ReadShapeResponse(head=head)
        async for part in answer.parts:
            for start in range(0, len(part), PART_BYTES_MAX):
                yield ReadShapeResponse(part=part[start : start + PART_BYTES_MAX])
