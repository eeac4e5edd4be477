"""When two memories say the same: one rule, for collapsing results, proposing merges and pairing sides.

Texts that differ in nothing but case, spaces and marks say the same, and so do texts whose vectors are alike
enough. A high cosine is not enough by itself: `The meeting is at 3` and `The meeting is at 4` are as alike as
two texts can be. Of two that say the same, the numbers are the same and in the same order, and neither denies
what the other says. In doubt they are different: what is taken for a duplicate is out of sight.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

COSINE_MIN: Final = 0.95
"""From which cosine on texts are near-duplicates, unless somebody says otherwise."""

_APOSTROPHES: Final = re.compile("['\u2019]")
_GAPS: Final = re.compile(r'[\s_.,;:!?…"“”„«»()\[\]{}*`~。、—–-]+')  # noqa: RUF001 - marks of many languages
_NUMBER: Final = re.compile(r"(?:(?<!\w)-)?[^\W_]*\d(?:[^\W_]|[.,:](?=\d))*")
_WORD: Final = re.compile(r"[^\W_]+")
_DENIALS: Final = frozenset(
    """
    no not never none nothing nobody neither nor without cannot cant dont doesnt didnt isnt arent wasnt werent
    wont wouldnt couldnt shouldnt hasnt havent hadnt aint mustnt neednt
    nicht kein keine keinen keiner keinem nie niemals ne pas jamais nunca
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says, as far as that can be told without its vector; equal ones say the same.

    Attributes:
        text: Without what no reader would call a difference.
        numbers: In their order, and words with digits.
        denies: Whether it denies something: twice denied is said.
    """

    text: str
    numbers: tuple[str, ...]
    denies: bool

    @classmethod
    def of(cls, content: str) -> Self:
        """Reads a text."""
        plain = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", content).casefold())
        denials = sum(word in _DENIALS for word in _WORD.findall(plain))
        return cls(
            _GAPS.sub(" ", plain).strip() or plain.strip(), tuple(_NUMBER.findall(plain)), denials % 2 == 1
        )

    def may_match(self, other: Said) -> bool:
        """Whether the two say the same if their vectors are alike enough."""
        return self.numbers == other.numbers and self.denies == other.denies
