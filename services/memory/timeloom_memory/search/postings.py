"""An index of words: which texts have a term, and how often.

Each text has two fields: its content, and its content with its context. One list of a term serves both. Texts
come and go at any time: one that is gone is only marked, counts for nothing from then on, and is swept out
with others later.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeVar
from uuid import UUID

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from timeloom_memory.search import words

COUNT_MAX: Final = 65_535
SLOTS_INITIAL: Final = 64
# What is gone is swept out when it is this share of all, and at least this many.
GONE_RATIO_MAX: Final = 0.2
GONE_COUNT_MIN: Final = 1_000

_POSTING: Final = np.dtype([("slot", "<u4"), ("content", "<u2"), ("whole", "<u2")])
_PACKED: Final = struct.Struct("<IHH")

# What Python needs for a term (its name, its place in the dictionary, its list) and for a text (its id, its
# places).
_TERM_BYTES: Final = 220
_TEXT_BYTES: Final = 250

_Item = TypeVar("_Item", bound=np.generic)

Slots = NDArray[np.int64]
Counts = NDArray[np.float32]


class Text(Struct, frozen=True):
    """A text as the index takes it: how often each term is in its content, and in that with its context.

    Attributes:
        number: The content version that this is.
    """

    id: UUID
    number: int
    content: Mapping[str, int]
    whole: Mapping[str, int]


class Occurrences(Struct, frozen=True):
    """Where a term is: the slots of the texts, and how often it is in their fields."""

    slots: Slots
    content: Counts
    whole: Counts


class Totals(Struct, frozen=True):
    """What BM25 has to know of a whole collection; those of several collections add up."""

    count: int = 0
    content_length: int = 0
    whole_length: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.count + other.count,
            self.content_length + other.content_length,
            self.whole_length + other.whole_length,
        )


def text_of(memory_id: UUID, number: int, content: str, context: str) -> Text:
    """Reads a text as the index takes it."""
    own = words.terms(content)
    return Text(
        id=memory_id,
        number=number,
        content=words.counted(own),
        whole=words.counted([*words.terms(context), *own]) if context else words.counted(own),
    )


class Postings:
    """The words of a collection of texts."""

    def __init__(self) -> None:
        self._terms: dict[str, bytearray] = {}
        self._posting_count = 0
        self._reset_slots([])

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def slot_count(self) -> int:
        """How many slots there are, of texts that are gone, too: the length of an array of scores."""
        return len(self._ids)

    @property
    def bytes(self) -> int:
        """Roughly how much memory it takes."""
        return (
            self._posting_count * _PACKED.size * 9 // 8  # lists keep some room at their ends
            + len(self._terms) * _TERM_BYTES
            + len(self._ids) * _TEXT_BYTES
        )

    @property
    def totals(self) -> Totals:
        """What there is in all."""
        return Totals(len(self._slots), self._content_total, self._whole_total)

    @property
    def memory_ids(self) -> Collection[UUID]:
        """The texts that there are."""
        return self._slots.keys()

    @property
    def alive(self) -> NDArray[np.bool_]:
        """Which slots have a text."""
        return self._alive[: self.slot_count]

    def put(self, text: Text) -> None:
        """Adds a text; replaces an earlier version of it. Does nothing if it has this one, or a later one."""
        slot = self._slots.get(text.id)
        if slot is not None:
            if self._numbers[slot] >= text.number:
                return
            self.remove(text.id)
        slot = self._take_slot(text)
        for term, count in text.whole.items():
            posting = _PACKED.pack(slot, min(text.content.get(term, 0), COUNT_MAX), min(count, COUNT_MAX))
            listed = self._terms.get(term)
            if listed is None:
                self._terms[term] = bytearray(posting)
            else:
                listed += posting
        self._posting_count += len(text.whole)

    def remove(self, memory_id: UUID) -> None:
        """Removes a text, if it is there."""
        slot = self._slots.pop(memory_id, None)
        if slot is None:
            return
        self._alive[slot] = False
        self._content_total -= int(self._content_lengths[slot])
        self._whole_total -= int(self._whole_lengths[slot])
        gone = len(self._ids) - len(self._slots)
        if gone >= GONE_COUNT_MIN and gone > GONE_RATIO_MAX * len(self._ids):
            self.sweep()

    def number(self, memory_id: UUID) -> int:
        """Returns which version of a text is there; 0 if none is."""
        slot = self._slots.get(memory_id)
        return 0 if slot is None else int(self._numbers[slot])

    def ids(self, slots: Iterable[int]) -> list[UUID]:
        """Returns the texts of slots."""
        return [self._ids[slot] for slot in slots]

    def numbers(self, slots: Slots) -> NDArray[np.int64]:
        """Returns the versions of the texts in slots."""
        return self._numbers[slots]

    def slots(self, memory_ids: Collection[UUID]) -> Slots:
        """Returns the slots of those texts that are there."""
        if len(memory_ids) > len(self._slots):
            found = [slot for memory_id, slot in self._slots.items() if memory_id in memory_ids]
        else:
            found = [slot for slot in map(self._slots.get, memory_ids) if slot is not None]
        return np.array(found, dtype=np.int64)

    def lengths(self, slots: Slots) -> tuple[Counts, Counts]:
        """Returns how long the texts are: their contents, and with their contexts."""
        return self._content_lengths[slots], self._whole_lengths[slots]

    def occurrences(self, term: str) -> Occurrences | None:
        """Returns where a term is; None if it is nowhere."""
        listed = self._terms.get(term)
        if listed is None:
            return None
        postings = np.frombuffer(listed, dtype=_POSTING)
        postings = postings[self._alive[postings["slot"]]]
        return Occurrences(
            slots=postings["slot"].astype(np.int64),
            content=postings["content"].astype(np.float32),
            whole=postings["whole"].astype(np.float32),
        )

    def sweep(self) -> None:
        """Sweeps out what texts that are gone have left, and numbers the slots anew."""
        alive = self.alive
        kept = np.flatnonzero(alive)
        moved = np.cumsum(alive, dtype=np.uint32) - 1
        terms: dict[str, bytearray] = {}
        for term, listed in self._terms.items():
            postings = np.frombuffer(listed, dtype=_POSTING)
            postings = postings[alive[postings["slot"]]]
            if len(postings):
                postings["slot"] = moved[postings["slot"]]
                terms[term] = bytearray(postings.tobytes())
        self._terms = terms
        self._posting_count = sum(map(len, terms.values())) // _PACKED.size
        numbers, lengths = self._numbers[kept], self.lengths(kept)
        self._reset_slots(self.ids(kept.tolist()))
        self._grow(len(kept))
        self._numbers[: len(kept)] = numbers
        self._content_lengths[: len(kept)], self._whole_lengths[: len(kept)] = lengths
        self._alive[: len(kept)] = True
        self._content_total, self._whole_total = (int(field.sum(dtype=np.float64)) for field in lengths)

    def _reset_slots(self, ids: list[UUID]) -> None:
        self._ids = ids
        self._slots = {memory_id: slot for slot, memory_id in enumerate(ids)}
        self._numbers = np.zeros(SLOTS_INITIAL, dtype=np.int64)
        self._alive = np.zeros(SLOTS_INITIAL, dtype=np.bool_)
        self._content_lengths = np.zeros(SLOTS_INITIAL, dtype=np.float32)
        self._whole_lengths = np.zeros(SLOTS_INITIAL, dtype=np.float32)
        self._content_total = 0
        self._whole_total = 0

    def _take_slot(self, text: Text) -> int:
        slot = len(self._ids)
        self._grow(slot + 1)
        content_length, whole_length = words.length(text.content), words.length(text.whole)
        self._ids.append(text.id)
        self._slots[text.id] = slot
        self._numbers[slot] = text.number
        self._alive[slot] = True
        self._content_lengths[slot], self._whole_lengths[slot] = content_length, whole_length
        self._content_total += content_length
        self._whole_total += whole_length
        return slot

    def _grow(self, slot_count: int) -> None:
        if slot_count <= len(self._alive):
            return
        room = max(slot_count, 2 * len(self._alive))
        self._numbers = _resized(self._numbers, room)
        self._alive = _resized(self._alive, room)
        self._content_lengths = _resized(self._content_lengths, room)
        self._whole_lengths = _resized(self._whole_lengths, room)


def _resized(array: NDArray[_Item], length: int) -> NDArray[_Item]:
    grown = np.zeros(length, dtype=array.dtype)
    grown[: len(array)] = array
    return grown
