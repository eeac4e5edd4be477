"""ShapesService: requests and answers as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import grpc
import grpc.aio

from timeloom.workspace.v1 import shapes_service_pb2, shapes_service_pb2_grpc
from timeloom_platform.auth import current_identity
from timeloom_platform.errors import UnavailableError
from timeloom_workspace.shapes.answers import Answer, Answers
from timeloom_workspace.shapes.engine import Engine
from timeloom_workspace.shapes.peers import PASSED_ON, Peers

PART_BYTES_MAX: Final = 512 * 1024
"""An answer's body is sent in messages of at most so much."""

ReadShapeRequest = shapes_service_pb2.ReadShapeRequest
ReadShapeResponse = shapes_service_pb2.ReadShapeResponse


async def responses_of(answer: Answer) -> AsyncIterator[ReadShapeResponse]:
    """An answer as messages: its head, and its body in parts."""
    head = shapes_service_pb2.ShapeHead(status=answer.status, headers=answer.headers)
    yield ReadShapeResponse(head=head)
    async for part in answer.parts:
        for start in range(0, len(part), PART_BYTES_MAX):
            yield ReadShapeResponse(part=part[start : start + PART_BYTES_MAX])


class ShapesServicer(shapes_service_pb2_grpc.ShapesServiceServicer):
    """Shows shapes of the caller's project."""

    def __init__(self, answers: Answers, *, engine: Engine, peers: Peers) -> None:
        self._answers = answers
        self._engine = engine
        self._peers = peers

    async def ReadShape(
        self, request: ReadShapeRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> AsyncIterator[ReadShapeResponse]:
        """Answers with a head, and the body in parts."""
        del context
        address = "" if PASSED_ON in request.headers else await self._engine.follower.reader()
        if address:
            async for response in self._pass_on(address, request):
                yield response
            return
        identity = current_identity()
        answer = await self._answers.answer(
            method=request.method,
            query=request.query,
            body=request.body,
            headers=request.headers,
            project_id=identity.project_id,
            agent_id=identity.agent_id,
        )
        async for response in responses_of(answer):
            yield response

    async def _pass_on(self, address: str, request: ReadShapeRequest) -> AsyncIterator[ReadShapeResponse]:
        """Answers as the replica does that follows changes."""
        try:
            async for response in self._peers.ask(address, request):
                yield response
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                self._engine.follower.seek_reader()
            raise UnavailableError(
                "The replica that follows changes does not answer.", retry_after_seconds=1
            ) from error
