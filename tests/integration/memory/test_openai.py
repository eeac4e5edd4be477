"""Models behind OpenAI's embeddings endpoint, however that behaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.integration.memory.embeddings_endpoint import EmbeddingsEndpoint, embeddings_endpoint
from timeloom_memory.embedding import openai
from timeloom_memory.embedding.openai import Endpoint, OpenAiEmbedder
from timeloom_platform.errors import DeadlineExceededError, UnavailableError

KEY = "sk-hush"


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[EmbeddingsEndpoint]:
    async with embeddings_endpoint() as serving:
        yield serving


class Asking:
    """An embedder that notes its pauses instead of making them."""

    def __init__(self, endpoint: EmbeddingsEndpoint, **options: Any) -> None:
        self.pauses: list[float] = []
        settings = {"dimension": 3, "api_key": KEY, "base_url": endpoint.base_url, **options}
        self.embedder = OpenAiEmbedder(
            model="small",
            dimension=settings["dimension"],
            endpoint=Endpoint(base_url=settings["base_url"], api_key=settings["api_key"]),
            request_timeout_seconds=settings.get("timeout", 5.0),
            sleep=self._note,
        )

    async def __call__(self, *texts: str) -> list[list[float]]:
        try:
            found: list[list[float]] = (await self.embedder.embed(texts)).tolist()
            return found
        finally:
            await self.embedder.close()

    async def _note(self, seconds: float) -> None:
        self.pauses.append(seconds)


async def test_vectors_come_in_the_order_of_the_texts(endpoint: EmbeddingsEndpoint) -> None:
    assert await Asking(endpoint)("a", "bcd", "ef") == [[1, 1, 0], [3, 1, 0], [2, 1, 0]]
    assert endpoint.requests == [
        {
            "path": "POST /v1/embeddings HTTP/1.1",
            "key": f"Bearer {KEY}",
            "model": "small",
            "input": ["a", "bcd", "ef"],
            "encoding_format": "float",
        }
    ]


async def test_many_texts_go_in_several_requests_and_long_ones_are_cut(endpoint: EmbeddingsEndpoint) -> None:
    texts = ["x" * number for number in range(1, 301)] + ["y" * 30_000] * 10
    found = await Asking(endpoint)(*texts)
    assert [row[0] for row in found] == [min(len(text), 24_000) for text in texts]
    sizes = [len(request["input"]) for request in endpoint.requests]
    assert sum(sizes) == 310
    assert max(sizes) <= openai.BATCH_TEXTS_MAX
    characters = [sum(map(len, request["input"])) for request in endpoint.requests]
    assert max(characters) <= openai.BATCH_CHARACTERS_MAX


async def test_it_waits_as_long_as_it_is_asked_to(endpoint: EmbeddingsEndpoint) -> None:
    endpoint.faults = [(429, {"retry-after": "7"}, {}), (503, {}, {}), (429, {"retry-after": "999"}, {})]
    asking = Asking(endpoint)
    assert await asking("a") == [[1, 1, 0]]
    first, second, third = asking.pauses
    assert (first, third) == (7.0, openai.PAUSE_SECONDS_MAX)
    assert 0.5 <= second <= 1.5


async def test_it_gives_up_in_the_end(endpoint: EmbeddingsEndpoint) -> None:
    endpoint.faults = [(500, {}, {})] * 10
    with pytest.raises(UnavailableError, match="openai:small answered with status 500"):
        await Asking(endpoint)("a")
    assert len(endpoint.requests) == openai.ATTEMPTS_MAX


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refusal_is_not_repeated(endpoint: EmbeddingsEndpoint, status: int) -> None:
    endpoint.faults = [(status, {}, {"error": "sk-hush is no key"})]
    with pytest.raises(UnavailableError, match=f"answered with status {status}") as told:
        await Asking(endpoint)("a")
    assert len(endpoint.requests) == 1
    assert KEY not in told.value.message


async def test_without_a_key_nothing_is_asked(endpoint: EmbeddingsEndpoint) -> None:
    with pytest.raises(UnavailableError, match="has no key: set TIMELOOM_OPENAI_API_KEY"):
        await Asking(endpoint, api_key="")("a")
    assert endpoint.requests == []


async def test_other_dimensions_are_refused(endpoint: EmbeddingsEndpoint) -> None:
    with pytest.raises(UnavailableError, match="makes vectors of 3 dimensions; 4 are set"):
        await Asking(endpoint, dimension=4)("a")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"data": []}, "did not answer for every text"),
        ({"data": [{"index": 1, "embedding": [1, 2, 3]}]}, "did not answer for every text"),
        ({"data": [{"index": 0, "embedding": ["1", 2, 3]}]}, "in an unknown form"),
        ({"vectors": []}, "in an unknown form"),
    ],
)
async def test_another_form_is_refused(endpoint: EmbeddingsEndpoint, answer: Any, words: str) -> None:
    endpoint.faults = [(200, {}, answer)]
    with pytest.raises(UnavailableError, match=words):
        await Asking(endpoint)("a")


async def test_an_answer_without_end_is_refused(
    endpoint: EmbeddingsEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai, "RESPONSE_BYTES_MAX", 1000)
    endpoint.faults = [(200, {}, {"data": "x" * 2000})]
    with pytest.raises(UnavailableError, match="is too large"):
        await Asking(endpoint)("a")


async def test_who_does_not_answer_is_asked_again(endpoint: EmbeddingsEndpoint) -> None:
    endpoint.faults = [None]
    asking = Asking(endpoint, timeout=1.0)
    assert await asking("a") == [[1, 1, 0]]
    assert len(asking.pauses) == 1


async def test_a_batch_has_a_deadline(endpoint: EmbeddingsEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai, "DEADLINE_SECONDS", 0.05)
    endpoint.faults = [None]
    with pytest.raises(DeadlineExceededError, match="openai:small took too long"):
        await Asking(endpoint)("a")


async def test_nobody_there_is_said(endpoint: EmbeddingsEndpoint, unused_tcp_port: int) -> None:
    asking = Asking(endpoint, base_url=f"http://127.0.0.1:{unused_tcp_port}/v1")
    with pytest.raises(UnavailableError, match="openai:small cannot be reached"):
        await asking("a")
    assert len(asking.pauses) == openai.ATTEMPTS_MAX - 1
