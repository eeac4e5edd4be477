"""Names of clusters: the terms that tell one from the others, by class-based TF-IDF (Grootendorst 2022).

Terms are stems, and pairs of them that stand side by side; shown is the form that is written most often.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from timeloom_memory.upkeep import sentences, words

TERMS_MAX: Final = 10
NAME_TERMS: Final = 3
PAIR_WORTH: Final = 1.2
"""How much more a pair of words says than a word: `support group` beats `support`."""

TEXT_CHARACTERS_MAX: Final = 2000
"""What a memory is about, it says at its beginning."""

COMMON_SHARE: Final = 0.15
"""What so many memories of other clusters speak of, too, names none: the speakers of a conversation."""

HOLDERS_MIN: Final = 2
"""A term that a single memory has tells nothing of its cluster, unless that memory is the cluster."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterName:
    """A name, and the terms that it is made of and more, most distinctive first."""

    name: str
    terms: tuple[str, ...]


class _Spelling:
    """How words are written where they do not begin a sentence, whose capital says nothing."""

    def __init__(self) -> None:
        self._forms: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def note(self, form: str) -> None:
        self._forms[form.casefold()][form] += 1

    def of(self, folded: str) -> str:
        forms = self._forms.get(folded)
        return max(forms, key=lambda form: (forms[form], form)) if forms else folded


class _Words:
    """The terms of a cluster: in how many of its memories each stands, and in which forms, case folded."""

    def __init__(self, texts: Sequence[str], spelling: _Spelling) -> None:
        self.counts: Counter[str] = Counter()
        self._forms: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._spelling = spelling
        for text in texts:
            held: set[str] = set()
            for term, form in _terms(text[:TEXT_CHARACTERS_MAX], spelling):
                held.add(term)
                self._forms[term][form] += 1
            self.counts.update(held)

    def shown(self, term: str) -> str:
        forms = self._forms[term]
        best = max(forms, key=lambda form: (forms[form], form))
        return " ".join(map(self._spelling.of, best.split()))


def names_of(clusters: Sequence[Sequence[str]]) -> list[ClusterName]:
    """Returns a name for each cluster, given as its texts; no two are the same."""
    spelling = _Spelling()
    held = [_Words(texts, spelling) for texts in clusters]
    everywhere: Counter[str] = Counter()
    for each in held:
        everywhere.update(each.counts)
    memories = sum(map(len, clusters))
    mean = sum(everywhere.values()) / max(1, len(clusters))
    taken: set[str] = set()
    names: list[ClusterName] = []
    for place, each in enumerate(held):
        floor = min(HOLDERS_MIN, len(clusters[place]))
        others = COMMON_SHARE * (memories - len(clusters[place]))
        common = {term for term, count in everywhere.items() if count - each.counts[term] > others}
        terms = tuple(_distinctive(each, everywhere, mean, floor=floor, common=common))
        terms = terms or tuple(_distinctive(each, everywhere, mean, floor=floor, common=set()))
        name = _unused(terms, taken, place)
        taken.add(name)
        names.append(ClusterName(name=name, terms=terms))
    return names


def _terms(text: str, spelling: _Spelling) -> Iterator[tuple[str, str]]:
    """Yields the terms of a text, each with its form, and notes how they are written."""
    for sentence in sentences.split(text):
        before, before_form, end = "", "", -1
        for word in words.words(sentence):
            term, start, form = words.stem(word), sentence.find(word, max(end, 0)), word.casefold()
            if before or not word.istitle():
                spelling.note(word)
            yield term, form
            # Side by side, with no stop word or mark between.
            if before not in {"", term} and start == end + 1:
                yield f"{before} {term}", f"{before_form} {form}"
            before, before_form, end = term, form, start + len(word) if start >= 0 else end


def _distinctive(
    held: _Words, everywhere: Counter[str], mean: float, *, floor: int, common: set[str]
) -> Iterator[str]:
    total = sum(held.counts.values())
    scores = {
        term: (PAIR_WORTH if " " in term else 1.0) * count / total * math.log(1 + mean / everywhere[term])
        for term, count in held.counts.items()
        if count >= floor and not term.isdigit() and common.isdisjoint((term, *term.split()))
    }
    shown: list[set[str]] = []
    for term in sorted(scores, key=lambda term: (-scores[term], term)):
        parts = set(term.split())
        # `support` says nothing more where `support group` stands, nor the other way round.
        if any(parts & before for before in shown):
            continue
        shown.append(parts)
        yield held.shown(term)
        if len(shown) == TERMS_MAX:
            return


def _unused(terms: Sequence[str], taken: set[str], place: int) -> str:
    for length in range(NAME_TERMS, max(len(terms), NAME_TERMS) + 1):
        name = ", ".join(terms[:length])
        if name and name not in taken:
            return name
    name = ", ".join(terms[:NAME_TERMS]) or "unnamed"
    return name if name not in taken else f"{name} ({place + 1})"
