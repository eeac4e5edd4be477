"""What the service reads about its index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from timeloom_memory.index.shard import Tuning

BYTES_MIN: Final = 1024 * 1024
BREADTH_MAX: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """The settings of the index in memory.

    Attributes:
        index_bytes: How much memory its vectors take together; what is not there is searched by PostgreSQL.
        index_directory: Where large graphs are kept for the next start; nowhere if empty.
        index_quantized: Whether large namespaces keep a number in one byte instead of four.
        index_breadth: How many candidates a search in a large namespace keeps: more find more, in more time.
    """

    index_bytes: int = 256 * 1024 * 1024
    index_directory: str = ""
    index_quantized: bool = False
    index_breadth: int = 96

    def __post_init__(self) -> None:
        if self.index_bytes < BYTES_MIN:
            raise ValueError(f"TIMELOOM_INDEX_BYTES must be at least {BYTES_MIN}")
        if not 1 <= self.index_breadth <= BREADTH_MAX:
            raise ValueError(f"TIMELOOM_INDEX_BREADTH must lie between 1 and {BREADTH_MAX}")

    @property
    def tuning(self) -> Tuning:
        """How shards are tuned."""
        return Tuning(breadth=self.index_breadth, is_quantized=self.index_quantized)
