"""The EmbeddingService of the contract: what texts mean, for other services."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import grpc.aio
import numpy as np

from timeloom.memory.v1 import embedding_service_pb2 as messages
from timeloom.memory.v1 import embedding_service_pb2_grpc as services
from timeloom_memory.embedding.embedders import Embedders
from timeloom_platform.auth import current_identity
from timeloom_platform.server import ServiceBinding

_Context = grpc.aio.ServicerContext[Any, Any]

_FORM: Final = np.dtype("<f4")


class EmbeddingServicer(services.EmbeddingServiceServicer):
    """Asks the model of the installation; the contract lets services alone in."""

    def __init__(self, embedders: Embedders) -> None:
        self._embedders = embedders

    def binding(self) -> ServiceBinding:
        """Returns the service, ready to be served."""
        return ServiceBinding(
            add=services.add_EmbeddingServiceServicer_to_server,
            servicer=self,
            descriptor=messages.DESCRIPTOR.services_by_name["EmbeddingService"],
        )

    async def EmbedTexts(
        self, request: messages.EmbedTextsRequest, context: _Context
    ) -> messages.EmbedTextsResponse:
        model = self._embedders.default_model
        project_id = current_identity().project_id
        vectors = await self._embedders.embed(
            model,
            request.texts,
            project_id=UUID(project_id) if project_id else None,
            are_questions=request.purpose == messages.TEXT_PURPOSE_QUERY,
        )
        return messages.EmbedTextsResponse(
            model=model, dimension=self._embedders.dimension(model), vectors=vectors.astype(_FORM).tobytes()
        )
