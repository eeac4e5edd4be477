"""What the service reads about searching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BYTES_MIN: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """The settings of searching.

    Attributes:
        lexical_bytes: How much memory the words of memories take together; those that were not searched for
            longest make room for others, and are read again when they are asked for.
    """

    lexical_bytes: int = 128 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.lexical_bytes < BYTES_MIN:
            raise ValueError(f"TIMELOOM_LEXICAL_BYTES must be at least {BYTES_MIN}")
