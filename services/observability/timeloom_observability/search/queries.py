"""What somebody looks for, as PostgreSQL's `tsquery`.

As in search engines: all words must be there, in any order; "words in quotes" one after the other; a word or
quotation after a minus must not be there; `or` stands between alternatives. The last word may go on where few
events have it as it stands: for a beginning PostgreSQL gathers all that has it, however much that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from timeloom_observability.search.words import Word, words_of

TERMS_MAX: Final = 50
"""Words and quotations of one query; those after them are not asked for."""

PREFIX_LENGTH_MIN: Final = 3
"""Characters of a word that may go on: shorter ones begin too many words."""

_TOKEN: Final = re.compile(r'(-?)"([^"]*)"?|(\S+)')
_OR: Final = "or"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word, or words that stand one after the other.

    Attributes:
        text: As it was asked for.
        is_wanted: Whether it must be there; it must not, otherwise.
        goes_on: Whether its last word may be the beginning of a longer one.
    """

    text: str
    words: Sequence[Word]
    is_wanted: bool = True
    goes_on: bool = False

    @property
    def is_row(self) -> bool:
        """Whether places matter, which are in no index."""
        return len(self.words) > 1 or len(self.words[0]) > 1

    @property
    def expression(self) -> str:
        """What PostgreSQL is asked."""
        found = self._found("<->")
        return found if self.is_wanted else f"!{found}"

    @property
    def loose_expression(self) -> str:
        """The same, but for places: what holds for at least as many events. Empty if that is for all."""
        found = self._found("&")
        if self.is_wanted:
            return found
        return "" if self.is_row else f"!{found}"

    def _found(self, operator: str) -> str:
        star = ":*" if self.goes_on else ""
        if len(self.words) == 1 and len(self.words[0]) > 1:
            whole, *parts = self.words[0]
            return f"({quoted(whole)}{star} | {_joined(operator, parts)}{star})"
        # In a row with others a word counts as its parts, for that is how many places it takes.
        return f"({_joined(operator, (part for word in self.words for part in (word[1:] or word)))}{star})"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordQuery:
    """What is looked for: one of the alternatives must hold, with all of its terms."""

    alternatives: Sequence[Sequence[Term]]

    def __bool__(self) -> bool:
        return bool(self.alternatives)

    @property
    def goes_on(self) -> bool:
        """Whether its last word may be the beginning of a longer one."""
        return any(term.goes_on for each in self.alternatives for term in each)

    @property
    def as_written(self) -> WordQuery:
        """The same, whose words are whole."""
        return WordQuery(
            alternatives=[[replace(term, goes_on=False) for term in each] for each in self.alternatives]
        )

    @property
    def expression(self) -> str:
        """What PostgreSQL is asked."""
        return " | ".join(f"({' & '.join(term.expression for term in each)})" for each in self.alternatives)

    @property
    def loose_expression(self) -> str:
        """What an index can tell of it."""
        return " | ".join(
            f"({' & '.join(filter(None, (term.loose_expression for term in each)))})"
            for each in self.alternatives
        )

    @property
    def has_rows(self) -> bool:
        """Whether an index does not tell all of it."""
        return any(term.is_row for each in self.alternatives for term in each)

    @property
    def wanted(self) -> Sequence[Term]:
        """What an event may be found for."""
        return [term for each in self.alternatives for term in each if term.is_wanted]


def parsed(query: str) -> WordQuery:
    """Returns what a query says; without words it asks for nothing."""
    alternatives: list[list[Term]] = [[]]
    count = 0
    for term in _terms(query):
        if term is None:
            alternatives.append([])
        elif count < TERMS_MAX:
            count += 1
            alternatives[-1].append(term)
    # What only says what must not be there finds nothing in particular.
    return WordQuery(alternatives=[each for each in alternatives if any(term.is_wanted for term in each)])


def quoted(lexeme: str) -> str:
    """Returns a lexeme as a `tsquery` has it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _terms(query: str) -> Iterator[Term | None]:
    """Yields the terms of a query, and None for what stands between alternatives."""
    for match in _TOKEN.finditer(query):
        minus, quotation, token = match.groups()
        if token is None:
            text, is_wanted, goes_on = quotation, not minus, False
        elif token.casefold() == _OR:
            yield None
            continue
        else:
            is_wanted = not token.startswith("-")
            text = token.lstrip("-")
            goes_on = is_wanted and match.end() == len(query)
        if words := words_of(text):
            may_go_on = goes_on and text[-1].isalnum() and len(words[-1][-1]) >= PREFIX_LENGTH_MIN
            yield Term(text=text, words=words, is_wanted=is_wanted, goes_on=may_go_on)


def _joined(operator: str, words: Iterable[str]) -> str:
    return f" {operator} ".join(map(quoted, words))
