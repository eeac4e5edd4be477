"""What the service reads about its models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from timeloom_memory.embedding.names import BUILT_IN, parse_models
from timeloom_platform import settings

THREADS_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingSettings:
    """The settings of the models.

    Attributes:
        embedding_model: The model of namespaces that name none.
        embedding_models: Further models that namespaces may use: `<provider>:<model>=<dimension>`, commas
            between them.
        embedding_precision: In what precision the built-in model computes.
        embedding_threads: How many threads it takes.
        embedding_idle_seconds: After so long without a text a local model is unloaded.
        embedding_cache_dir: Where local models keep their files.
        openai_base_url: Where the models of `openai:` are.
        openai_api_key: What opens them.
    """

    embedding_model: str = BUILT_IN
    embedding_models: str = ""
    embedding_precision: Literal["fp32", "int8"] = "int8"
    embedding_threads: int = 1
    embedding_idle_seconds: float = 600.0
    embedding_cache_dir: Path = Path(".timeloom/models")
    openai_base_url: str = "https://api.openai.com/v1"
    openai_api_key: str = settings.secret(default="")

    def __post_init__(self) -> None:
        try:
            known = {BUILT_IN, *(each.name for each in parse_models(self.embedding_models))}
        except ValueError as error:
            raise ValueError(f"TIMELOOM_EMBEDDING_MODELS: {error}") from None
        if self.embedding_model not in known:
            raise ValueError(
                f"TIMELOOM_EMBEDDING_MODEL must be {BUILT_IN} or a model of TIMELOOM_EMBEDDING_MODELS"
            )
        if not 1 <= self.embedding_threads <= THREADS_MAX:
            raise ValueError(f"TIMELOOM_EMBEDDING_THREADS must lie between 1 and {THREADS_MAX}")
        if self.embedding_idle_seconds <= 0:
            raise ValueError("TIMELOOM_EMBEDDING_IDLE_SECONDS must be above 0")
        if urlsplit(self.openai_base_url).scheme not in {"http", "https"}:
            raise ValueError("TIMELOOM_OPENAI_BASE_URL must begin with http:// or https://")
