"""The place where an event has what was looked for, with the words marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice
from typing import Final

from timeloom_observability.search.queries import Term
from timeloom_observability.search.words import Word, words_at

EXCERPT_LENGTH_MAX: Final = 240
"""Characters of an excerpt, as they are read."""

PLACES_MAX: Final = 200
"""Places of one text that are looked at."""

_LEAD: Final = 40
"""Characters before the first word that is marked."""

_SIGN: Final = re.compile(r"[\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a word is that was looked for."""

    start: int
    end: int
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What a query found in an event.

    Attributes:
        words: What of the query it has, as it was asked for.
        excerpt: In HTML.
    """

    words: Sequence[str]
    excerpt: str


class Marker:
    """Finds and marks what a query asks for."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = list(terms)
        self._words = {part for term in self._terms for word in term.words for part in word}
        self._beginnings = tuple(part for term in self._terms if term.goes_on for part in term.words[-1])
        longest_first = sorted(self._words, key=len, reverse=True)
        self._any = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def marked(self, texts: Sequence[str]) -> Marked:
        """Returns what is found in texts, and the most telling place; if nothing is, how the first begins."""
        best, window, worth = next(filter(None, texts), ""), list[_Place](), 0
        words: set[str] = set()
        for text in texts:
            places = list(islice(self._places(text), PLACES_MAX)) if self._terms else []
            words.update(part for place in places for part in place.word)
            densest = _densest(places)
            if (different := _different(densest)) > worth:
                best, window, worth = text, densest, different
        found = dict.fromkeys(term.text for term in self._terms if self._has(words, term))
        return Marked(words=list(found), excerpt=_shown(best, window))

    def _has(self, words: Collection[str], term: Term) -> bool:
        """Whether words have a term: as a whole, or its parts."""
        if len(term.words) == 1 and self._ends(words, term, term.words[0][0]):
            return True
        *first, last = [part for word in term.words for part in (word[1:] or word)]
        return all(part in words for part in first) and self._ends(words, term, last)

    def _ends(self, words: Collection[str], term: Term, last: str) -> bool:
        return last in words or (term.goes_on and any(word.startswith(last) for word in words))

    def _places(self, text: str) -> Iterator[_Place]:
        """Yields where the wanted words are.

        What letters find is looked at closely; a text whose letters have to be folded first, as a whole.
        """
        end = 0
        for match in self._any.finditer(text):
            if match.start() < end:
                continue
            start = match.start()
            while start > end and not _SIGN.match(text, start - 1):
                start -= 1
            after = _SIGN.search(text, match.end())
            end = after.start() if after else len(text)
            yield from self._wanted(text[start:end], start)
        if not end and not text.isascii():
            yield from self._wanted(text, 0)

    def _wanted(self, text: str, offset: int) -> Iterator[_Place]:
        for start, end, word in words_at(text):
            if any(part in self._words or part.startswith(self._beginnings) for part in word):
                yield _Place(start=offset + start, end=offset + end, word=word)


def _densest(places: Sequence[_Place]) -> list[_Place]:
    """Returns the places of that part of a text which has most different words."""
    best: list[_Place] = []
    worth, start = 0, 0
    for end, place in enumerate(places, 1):
        while start < end - 1 and place.end - places[start].start > EXCERPT_LENGTH_MAX - _LEAD:
            start += 1
        window = [*places[start:end]]
        different = _different(window)
        # Of parts with as many different words the first one counts, as far as it goes.
        if different > worth or (different == worth and window[0] is best[0]):
            best, worth = window, different
    return best


def _different(places: Sequence[_Place]) -> int:
    return len({place.word[0] for place in places})


def _shown(text: str, places: Sequence[_Place]) -> str:
    start = max(places[0].start - _LEAD, 0) if places else 0
    if start and (space := text.find(" ", start, places[0].start)) != -1:
        start = space + 1
    end = min(start + EXCERPT_LENGTH_MAX, len(text))
    pieces = ["…" if start else ""]
    at = start
    for place in places:
        if at <= place.start and place.end <= end:
            pieces += [
                escape(text[at : place.start]),
                f"<mark>{escape(text[place.start : place.end])}</mark>",
            ]
            at = place.end
    pieces += [escape(text[at:end]), "…" if end < len(text) else ""]
    return "".join(pieces)
