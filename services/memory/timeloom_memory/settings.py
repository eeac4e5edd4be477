"""What the service reads from its environment."""

from __future__ import annotations

from dataclasses import dataclass

from timeloom_memory.embedding.settings import EmbeddingSettings
from timeloom_memory.index.settings import IndexSettings
from timeloom_memory.search.settings import SearchSettings
from timeloom_memory.upkeep.settings import ChatSettings
from timeloom_platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the memory service.

    Attributes:
        service: Those of every service.
        embedding: Those of the models.
        index: Those of the index in memory.
        search: Those of searching.
        chat: Those of the language model of summaries.
        database_pool_size: Connections to PostgreSQL.
    """

    service: ServiceSettings
    embedding: EmbeddingSettings
    index: IndexSettings
    search: SearchSettings
    chat: ChatSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
