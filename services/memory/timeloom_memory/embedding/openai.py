"""Any service with OpenAI's embeddings endpoint: `POST <base URL>/embeddings`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx
import msgspec
import numpy as np
import structlog

from timeloom_memory.embedding.protocols import Vectors
from timeloom_platform.errors import DeadlineExceededError, UnavailableError

BATCH_TEXTS_MAX: Final = 128
BATCH_CHARACTERS_MAX: Final = 200_000
"""In one request; a single text that is longer goes alone."""

TEXT_CHARACTERS_MAX: Final = 24_000
"""What is sent of a text: about the 8,191 tokens that these services read."""

CONCURRENT_REQUESTS_MAX: Final = 4
ATTEMPTS_MAX: Final = 4
FIRST_PAUSE_SECONDS: Final = 0.5
PAUSE_SECONDS_MAX: Final = 20.0
REQUEST_TIMEOUT_SECONDS: Final = 30.0
DEADLINE_SECONDS: Final = 100.0
"""For one batch, with all its attempts."""

RESPONSE_BYTES_MAX: Final = 64 * 1024 * 1024

OK: Final = 200
_RETRIED: Final = frozenset({408, 409, 429, 500, 502, 503, 504})

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where the models are, and what opens them."""

    base_url: str
    api_key: str = field(repr=False)


class _Embedding(msgspec.Struct):
    index: int
    embedding: list[float]


class _Answer(msgspec.Struct):
    data: list[_Embedding]


class OpenAiEmbedder:
    """A model behind such an endpoint."""

    def __init__(
        self,
        *,
        model: str,
        dimension: int,
        endpoint: Endpoint,
        request_timeout_seconds: float = REQUEST_TIMEOUT_SECONDS,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.dimension: Final = dimension
        self.is_loaded: Final = True
        self._model = model
        self._endpoint = endpoint
        self._sleep = sleep
        self._free = asyncio.Semaphore(CONCURRENT_REQUESTS_MAX)
        self._client = httpx.AsyncClient(
            base_url=endpoint.base_url.rstrip("/") + "/",
            timeout=request_timeout_seconds,
            limits=httpx.Limits(max_connections=CONCURRENT_REQUESTS_MAX),
        )

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Returns a row for each text; what is longer than 24,000 characters is cut.

        Raises:
            UnavailableError: There is no key, or the endpoint cannot be reached, refuses or answers badly.
            DeadlineExceededError: It took too long.
        """
        if not self._endpoint.api_key:
            raise UnavailableError(
                f"The model openai:{self._model} has no key: set TIMELOOM_OPENAI_API_KEY where the memory "
                "service runs."
            )
        vectors = np.empty((len(texts), self.dimension), np.float32)
        try:
            async with asyncio.TaskGroup() as tasks:
                for start, batch in _batches(texts):
                    tasks.create_task(self._fill(vectors[start : start + len(batch)], batch))
        except* (UnavailableError, DeadlineExceededError) as errors:
            raise _first(errors) from None
        return vectors

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()

    async def _fill(self, rows: Vectors, texts: Sequence[str]) -> None:
        async with self._free:
            try:
                async with asyncio.timeout(DEADLINE_SECONDS):
                    content = await self._ask_until_answered(texts)
            except TimeoutError:
                raise DeadlineExceededError(f"The model openai:{self._model} took too long.") from None
        for each in self._parsed(content, len(texts)):
            rows[each.index] = each.embedding

    async def _ask_until_answered(self, texts: Sequence[str]) -> bytes:
        status = 0
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                status, content, asked_pause = await self._ask(texts)
            except httpx.TransportError as error:
                status, content, asked_pause = 0, b"", 0.0
                logger.warning("embeddings not reached", model=self._model, reason=type(error).__name__)
            if status == OK:
                return content
            if attempt == ATTEMPTS_MAX or (status and status not in _RETRIED):
                break
            await self._sleep(max(asked_pause, _pause(attempt)))
        told = f"answered with status {status}" if status else "cannot be reached"
        raise UnavailableError(
            f"The endpoint of the model openai:{self._model} {told}.", metadata={"status": str(status)}
        )

    async def _ask(self, texts: Sequence[str]) -> tuple[int, bytes, float]:
        request = {
            "model": self._model,
            "input": [text[:TEXT_CHARACTERS_MAX] for text in texts],
            "encoding_format": "float",
        }
        headers = {"authorization": f"Bearer {self._endpoint.api_key}"}
        content = bytearray()
        async with self._client.stream("POST", "embeddings", json=request, headers=headers) as response:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > RESPONSE_BYTES_MAX:
                    raise UnavailableError(f"The answer of the model openai:{self._model} is too large.")
        return response.status_code, bytes(content), _asked_pause(response.headers.get("retry-after", ""))

    def _parsed(self, content: bytes, count: int) -> list[_Embedding]:
        try:
            found = msgspec.json.decode(content, type=_Answer).data
        except msgspec.DecodeError as error:
            raise UnavailableError(f"The model openai:{self._model} answered in an unknown form.") from error
        if sorted(each.index for each in found) != list(range(count)):
            raise UnavailableError(f"The model openai:{self._model} did not answer for every text.")
        for each in found:
            if len(each.embedding) != self.dimension:
                raise UnavailableError(
                    f"The model openai:{self._model} makes vectors of {len(each.embedding)} dimensions; "
                    f"{self.dimension} are set in TIMELOOM_EMBEDDING_MODELS."
                )
        return found


def _batches(texts: Sequence[str]) -> Generator[tuple[int, Sequence[str]]]:
    start = characters = 0
    for place, text in enumerate(texts):
        length = min(len(text), TEXT_CHARACTERS_MAX)
        is_full = place - start == BATCH_TEXTS_MAX or characters + length > BATCH_CHARACTERS_MAX
        if is_full and place > start:
            yield start, texts[start:place]
            start, characters = place, 0
        characters += length
    if start < len(texts):
        yield start, texts[start:]


def _pause(attempt: int) -> float:
    pause = FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
    return min(pause * random.uniform(0.5, 1.5), PAUSE_SECONDS_MAX)  # noqa: S311 - no secret


def _asked_pause(retry_after: str) -> float:
    return min(float(retry_after), PAUSE_SECONDS_MAX) if retry_after.isdecimal() else 0.0


def _first(errors: BaseExceptionGroup[Exception]) -> Exception:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception), "the group has none but these"
    return error
