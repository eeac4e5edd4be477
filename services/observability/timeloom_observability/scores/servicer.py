"""The ScoresService of the contract: protobuf on one side, the use cases on the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import grpc.aio

from timeloom.observability.v1 import scores_service_pb2 as messages
from timeloom.observability.v1 import scores_service_pb2_grpc as services
from timeloom_observability.model import EPOCH
from timeloom_observability.scores.answers import score_message
from timeloom_observability.scores.requests import score_of, wanted_of
from timeloom_observability.scores.scores import Scores
from timeloom_platform.auth import current_identity
from timeloom_platform.pagination import page_size
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]
_MICROSECOND = timedelta(microseconds=1)


class ScoresServicer(services.ScoresServiceServicer):
    """Translates; whatever is decided, the use cases decide."""

    def __init__(self, scores: Scores, *, clock: Callable[[], datetime]) -> None:
        self._scores = scores
        self._clock = clock

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_ScoresServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["ScoresService"],
        )

    async def CreateScore(
        self, request: messages.CreateScoreRequest, context: _Context
    ) -> messages.CreateScoreResponse:
        given = score_of(request, now_ns=(self._clock() - EPOCH) // _MICROSECOND * 1_000)
        score = await self._scores.create(_project_id(), given)
        return messages.CreateScoreResponse(score=score_message(score))

    async def ListScores(
        self, request: messages.ListScoresRequest, context: _Context
    ) -> messages.ListScoresResponse:
        page = await self._scores.list_page(
            _project_id(),
            wanted_of(request),
            page_token=request.page_token,
            limit=page_size(request.page_size),
        )
        return messages.ListScoresResponse(
            scores=map(score_message, page.entries), next_page_token=page.next_page_token
        )

    async def DeleteScore(
        self, request: messages.DeleteScoreRequest, context: _Context
    ) -> messages.DeleteScoreResponse:
        await self._scores.delete(_project_id(), UUID(request.score_id))
        return messages.DeleteScoreResponse()


def _project_id() -> UUID:
    return UUID(current_identity().project_id)
