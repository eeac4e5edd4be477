"""Other services learn what texts mean; nobody else does."""

from __future__ import annotations

from dataclasses import replace

import grpc
import numpy as np
import pytest

from tests.integration.memory.service import MemoryClient, metadata_of
from tests.integration.memory.words import DIMENSION, NAME, WordsEmbedder
from timeloom.memory.v1 import embedding_service_pb2 as messages
from timeloom.memory.v1 import embedding_service_pb2_grpc as services
from timeloom_platform.auth import Scope


def _of_services(client: MemoryClient) -> MemoryClient:
    return replace(
        client, metadata=metadata_of(client.server, project_id=client.project_id, scope=Scope.INTERNAL)
    )


async def test_texts_become_vectors_of_the_model(memory_service: MemoryClient) -> None:
    caller = _of_services(memory_service)
    stub = services.EmbeddingServiceStub(caller.server.channel)
    texts = ["the kettle boils", "the shop is closed"]

    answer = await stub.EmbedTexts(messages.EmbedTextsRequest(texts=texts), metadata=caller.metadata)

    vectors = np.frombuffer(answer.vectors, np.dtype("<f4")).reshape(len(texts), answer.dimension)
    assert (answer.model, answer.dimension) == (NAME, DIMENSION)
    np.testing.assert_allclose(vectors, await WordsEmbedder().embed(texts), atol=1e-6)


@pytest.mark.parametrize(("texts", "field"), [([], "texts"), ([""], "texts[0]"), (["a"] * 65, "texts")])
async def test_what_is_no_list_of_texts_is_refused(
    memory_service: MemoryClient, texts: list[str], field: str
) -> None:
    caller = _of_services(memory_service)
    stub = services.EmbeddingServiceStub(caller.server.channel)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.EmbedTexts(messages.EmbedTextsRequest(texts=texts), metadata=caller.metadata)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in str(refused.value.details())


async def test_no_key_of_a_project_opens_the_model(memory_service: MemoryClient) -> None:
    stub = services.EmbeddingServiceStub(memory_service.server.channel)

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.EmbedTexts(messages.EmbedTextsRequest(texts=["a"]), metadata=memory_service.metadata)

    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
