"""How a time is covered by rows of metrics: the longest that fit wholly, shorter ones beside them.

What is left at both ends is shorter than the shortest row, and is reckoned from the events themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

RESOLUTIONS: Final = (10, 300, 3_600, 86_400)
"""The lengths of rows in seconds, each a multiple of the one before."""

SECOND_US: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows of one length, from a second since 1970 until before another."""

    resolution: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What a time is made of.

    Attributes:
        pieces: The rows; in order of their length.
        edges: Times without rows, in microseconds since 1970, each until before its end.
    """

    pieces: Sequence[Piece]
    edges: Sequence[tuple[int, int]]

    @property
    def begin(self) -> int:
        """Where the rows begin, in seconds."""
        return min(piece.begin for piece in self.pieces)

    @property
    def end(self) -> int:
        """Where the rows end."""
        return max(piece.end for piece in self.pieces)


def covered(begin_us: int, end_us: int, *, step_seconds: int = 0) -> Cover:
    """Returns what covers the time from one microsecond since 1970 until before another.

    Args:
        begin_us: Where it begins.
        end_us: Where it ends; later.
        step_seconds: No row is in more than one multiple of it; zero for any.
    """
    lengths = [length for length in RESOLUTIONS if step_seconds % length == 0]
    if not lengths:
        return Cover(pieces=(), edges=((begin_us, end_us),))
    shortest = lengths[0]
    begin = -(-begin_us // (shortest * SECOND_US)) * shortest
    end = end_us // (shortest * SECOND_US) * shortest
    if begin >= end:
        return Cover(pieces=(), edges=((begin_us, end_us),))
    edges = ((begin_us, begin * SECOND_US), (end * SECOND_US, end_us))
    return Cover(
        pieces=tuple(_pieces(begin, end, lengths)), edges=tuple(edge for edge in edges if edge[0] < edge[1])
    )


def _pieces(begin: int, end: int, lengths: Sequence[int]) -> Iterator[Piece]:
    for length, longer in zip(lengths, (*lengths[1:], None), strict=True):
        if longer is None or (inner := _within(begin, end, longer)) is None:
            yield Piece(resolution=length, begin=begin, end=end)
            return
        for left, right in ((begin, inner[0]), (inner[1], end)):
            if left < right:
                yield Piece(resolution=length, begin=left, end=right)
        begin, end = inner


def _within(begin: int, end: int, length: int) -> tuple[int, int] | None:
    """Returns the largest time within another that is made of multiples of a length."""
    first, last = -(-begin // length) * length, end // length * length
    return (first, last) if first < last else None
