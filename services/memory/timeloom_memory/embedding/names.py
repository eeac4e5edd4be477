"""The names of models, and how settings list them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUILT_IN: Final = "all-minilm-l6-v2"
PROVIDERS: Final = ("openai", "fastembed", "sentence-transformers")
DIMENSION_MAX: Final = 4096
NAME_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelName:
    """A model that somebody else provides, such as `openai:text-embedding-3-small` with 1,536 dimensions."""

    provider: str
    model: str
    dimension: int

    @property
    def name(self) -> str:
        """The name that requests and namespaces use."""
        return f"{self.provider}:{self.model}"


def parse_models(text: str) -> tuple[ModelName, ...]:
    """Reads `<provider>:<model>=<dimension>`, separated by commas.

    Raises:
        ValueError: Says which of them is wrong, and how it should be.
    """
    models = tuple(_parse(each.strip()) for each in text.split(",") if each.strip())
    names = [each.name for each in models]
    if len(set(names)) < len(names):
        raise ValueError("a model is listed twice")
    return models


def _parse(text: str) -> ModelName:
    name, _, dimension = text.rpartition("=")
    provider, _, model = name.partition(":")
    if provider not in PROVIDERS or not model or len(name) > NAME_CHARACTERS_MAX:
        raise ValueError(
            f"{text} is not <provider>:<model>=<dimension>, where the provider is one of {_LISTED}"
        )
    if not dimension.isdecimal() or not 0 < int(dimension) <= DIMENSION_MAX:
        raise ValueError(f"{text}: the dimension must lie between 1 and {DIMENSION_MAX}")
    return ModelName(provider=provider, model=model, dimension=int(dimension))


_LISTED: Final = ", ".join(PROVIDERS)
