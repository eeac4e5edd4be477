"""What the service reads about summaries by a language model, and that model."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from timeloom_memory.upkeep.summarizing import LanguageModel
from timeloom_platform import settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """The language model of generative summaries; there is none while its name is empty.

    Attributes:
        chat_model: Its name at the endpoint.
        chat_base_url: Where it is.
        chat_api_key: What opens it; none is sent if empty.
    """

    chat_model: str = ""
    chat_base_url: str = "https://api.openai.com/v1"
    chat_api_key: str = settings.secret(default="")

    def __post_init__(self) -> None:
        if urlsplit(self.chat_base_url).scheme not in {"http", "https"}:
            raise ValueError("TIMELOOM_CHAT_BASE_URL must begin with http:// or https://")


@asynccontextmanager
async def language_model(settings: ChatSettings) -> AsyncGenerator[LanguageModel | None]:
    """Lends the model that is set up; None if there is none."""
    if not settings.chat_model:
        yield None
        return
    # Imported here: without a model the service needs no HTTP client.
    from timeloom_memory.upkeep.chat import Chat  # noqa: PLC0415

    chat = Chat(base_url=settings.chat_base_url, model=settings.chat_model, api_key=settings.chat_api_key)
    try:
        yield chat
    finally:
        await chat.close()
