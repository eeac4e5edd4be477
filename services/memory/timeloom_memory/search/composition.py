"""A text for a prompt, made of memories: the best under a number of tokens, with variety, dated, numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from timeloom_memory.model import Memory, MemoryKind

# Of more candidates the best are taken: comparing all with all would cost more than it brings.
CANDIDATES_MAX: Final = 400

MAX_TOKENS_DEFAULT: Final = 1_000
DIVERSITY_DEFAULT: Final = 0.3

# After so many memories that do not fit the text is as full as it gets.
MISSES_MAX: Final = 10

# A best score below counts as none: nothing can be said in proportion to it.
SCORE_MIN: Final = 1e-6

ELLIPSIS: Final = " …"

Likeness = NDArray[np.float32]


class Grouping(StrEnum):
    """What the headings say."""

    DATE = "date"
    NAMESPACE = "namespace"
    KIND = "kind"
    SESSION = "session"
    NONE = "none"


class Tokenizer(Protocol):
    """What tokens are counted by."""

    @property
    def name(self) -> str:
        """Which one it is."""
        ...

    def count(self, text: str) -> int:
        """Returns how many tokens a text has."""
        ...


class Composed(Struct, frozen=True):
    """The text, and the places of its memories among those given, in the order of the text."""

    text: str
    order: Sequence[int]
    token_count: int


def by_variety(scores: Sequence[float], likeness: Likeness, diversity: float) -> list[int]:
    """Orders memories by maximal marginal relevance (Carbonell and Goldstein, 1998).

    Args:
        scores: How well each fits; made comparable with the likeness by the best of them.
        likeness: How alike each two are, from 0 to 1.
        diversity: How much the likeness to what was taken before counts against the fit.
    """
    best = max(scores, default=0.0)
    fit = np.array(scores) / (best if best > SCORE_MIN else 1.0)
    nearest = np.zeros(len(scores), dtype=np.float32)
    left = np.ones(len(scores), dtype=np.bool_)
    order: list[int] = []
    for _ in scores:
        marginal = (1 - diversity) * fit - diversity * nearest
        place = int(np.argmax(np.where(left, marginal, -np.inf)))
        order.append(place)
        left[place] = False
        nearest = np.maximum(nearest, likeness[place])
    return order


def compose(
    memories: Sequence[Memory],
    order: Iterable[int],
    *,
    grouping: Grouping,
    tokens_max: int,
    tokenizer: Tokenizer,
) -> Composed:
    """Returns the text of as many memories as there is room for, taken in an order.

    Each step counts the whole text, as tokens of parts do not add up. A memory that does not fit is left out
    and a shorter one after it may still come; the first one is shortened if it alone is too long.
    """
    taken: list[int] = []
    composed = Composed("", (), 0)
    misses = 0
    for place in order:
        tried = _counted(memories, [*taken, place], grouping, tokenizer)
        if tried.token_count <= tokens_max:
            taken.append(place)
            composed = tried
        elif not taken and (shortened := _shortened(memories, place, grouping, tokens_max, tokenizer)):
            return shortened
        elif (misses := misses + 1) >= MISSES_MAX:
            break
    return composed


def _counted(
    memories: Sequence[Memory], taken: Sequence[int], grouping: Grouping, tokenizer: Tokenizer
) -> Composed:
    text, order = _text(memories, taken, grouping, {})
    return Composed(text, order, tokenizer.count(text))


def _shortened(
    memories: Sequence[Memory], place: int, grouping: Grouping, tokens_max: int, tokenizer: Tokenizer
) -> Composed | None:
    """Returns the text of a single memory with as much of its beginning as there is room for."""
    content = _line_of(memories[place])
    low, high = 0, len(content)
    best: Composed | None = None
    while low < high:
        middle = (low + high + 1) // 2
        cut = content[:middle].rstrip() + ELLIPSIS
        text, order = _text(memories, [place], grouping, {place: cut})
        count = tokenizer.count(text)
        if count <= tokens_max:
            low, best = middle, Composed(text, order, count)
        else:
            high = middle - 1
    return best


def _text(
    memories: Sequence[Memory], taken: Sequence[int], grouping: Grouping, cut: Mapping[int, str]
) -> tuple[str, list[int]]:
    """Puts the lines under their headings, in the order of time, and numbers them."""
    heading, key = _GROUPINGS[grouping]
    order = sorted(taken, key=lambda place: (key(memories[place]), *_time_key(memories[place])))
    lines: list[str] = []
    last: str | None = None
    for number, place in enumerate(order, 1):
        memory = memories[place]
        title = heading(memory)
        if title is not None and title != last:
            lines += ["", title] if lines else [title]
            last = title
        content = cut.get(place) or _line_of(memory)
        lines.append(f"[{number}] {memory.occur_time.astimezone(UTC):%Y-%m-%d}: {content}")
    return "\n".join(lines), order


def _line_of(memory: Memory) -> str:
    """Returns the content on one line, so that no memory can look like several, or like a heading."""
    return " ".join(memory.content.split())


def _time_key(memory: Memory) -> tuple[datetime, int, int]:
    return memory.occur_time, memory.number, memory.id.int


def _by_date(memory: Memory) -> str:
    return f"## {memory.occur_time.astimezone(UTC):%A, %d %B %Y}"


def _date_key(memory: Memory) -> str:
    return f"{memory.occur_time.astimezone(UTC):%Y-%m-%d}"


def _by_kind(memory: Memory) -> str:
    return f"## {MemoryKind(memory.kind).name.replace('_', ' ').capitalize()}"


def _by_session(memory: Memory) -> str:
    return f"## Session {_name(memory.session_id)}" if memory.session_id else "## No session"


def _name(text: str) -> str:
    return " ".join(text.split())


_GROUPINGS: Final[Mapping[Grouping, tuple[Callable[[Memory], str | None], Callable[[Memory], object]]]] = {
    Grouping.DATE: (_by_date, _date_key),
    Grouping.NAMESPACE: (lambda memory: f"## {_name(memory.namespace)}", lambda memory: memory.namespace),
    Grouping.KIND: (_by_kind, lambda memory: memory.kind),
    Grouping.SESSION: (_by_session, lambda memory: memory.session_id),
    Grouping.NONE: (lambda _: None, lambda _: 0),
}
