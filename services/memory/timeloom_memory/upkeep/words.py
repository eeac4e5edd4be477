"""Words: the terms of a text, stemmed to be counted and kept as written to be shown."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import snowballstemmer  # pyright: ignore[reportMissingTypeStubs] - it has none

STEMS_CACHED_MAX: Final = 50_000
WORD_CHARACTERS_MAX: Final = 40
"""What is longer is no word that a name or a summary needs: an address, a hash, an encoded document."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")  # noqa: RUF001
_STOP_WORDS: Final = frozenset(
    """
    a about above absolutely actually after again against ah ain't all almost along already also
    although always am an and another any anyone anything anyway are aren't around as ask asked asks at
    away awesome back be became because become been before being below best better between big both but
    by bye came can can't cannot come comes coming cool could couldn't day days definitely did didn't do
    does doesn't doing don't done down during each either else enough etc even ever every everyone
    everything exactly far feel feeling few first for found from further gave get gets getting give
    given gives glad go goes going gonna good got gotta great guess had hadn't haha has hasn't have
    haven't having he he'd he'll he's hear her here here's hers herself hey hello hi him himself his
    hope how how's however i i'd i'll i'm i've if in indeed into is isn't it it'd it'll it's its itself
    just keep kind knew know last later least less let let's like liked likes little long look looking
    looks lot lots love made make makes making many may maybe me mean might mine more most much must
    mustn't my myself need needed needs never new next nice no nobody none nor not nothing now of off oh
    ok okay old on once one only or other others our ours ourselves out over own people perhaps please
    pretty put quite rather really recently right said same saw say saying says see seem seems seen
    shall shan't she she'd she'll she's should shouldn't since so some someone something sometimes soon
    sounds still stuff such super sure take taken takes taking talk tell than thank thanks that that'll
    that's the their theirs them themselves then there there's these they they'd they'll they're they've
    thing things think this those though thought through thru time times to today told tomorrow too took
    totally tried try trying two under until up upon us use used uses using usually very wanna want
    wanted wants was wasn't way we we'd we'll we're we've week weeks well went were weren't what what's
    when when's where where's whether which while who who's whom whose why why's will wish with within
    without won't wonderful work would wouldn't wow yeah year years yes yesterday yet you you'd you'll
    you're you've your yours yourself yourselves yup der die das den dem des ein eine einer eines einem
    einen und oder aber nicht kein keine ist sind war waren hat haben wir ihr sie er es ich du mir mich
    dir dich uns euch von vom zu zum zur mit auf aus bei nach vor im ins als wie auch le la les un une
    et ou mais ne pas est sont était que qui dans pour par sur avec ce cette ces il elle nous vous el
    los las una unos unas y o pero son fue en por para con del al se su sus lo
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
_library: Final[Any] = snowballstemmer
_stemmer: Final = _library.stemmer("english")
# It keeps the word that it works on.
_stemming: Final = threading.Lock()


def words(text: str) -> Iterator[str]:
    """Yields the words of a text that carry meaning, as they are written, in order."""
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text)):
        word = match.group()
        if len(word) <= WORD_CHARACTERS_MAX and not _is_empty(word):
            yield word


def stem(word: str) -> str:
    """Returns what a word has in common with its other forms."""
    return _stemmed(_folded(word))


def stems(text: str) -> list[str]:
    """Returns the stems of the words of a text that carry meaning, in order."""
    return [stem(word) for word in words(text)]


def normalised(text: str) -> str:
    """Returns a text without what no reader would call a difference: case, spaces, marks and width."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def _is_empty(word: str) -> bool:
    folded = _folded(word)
    return folded in _STOP_WORDS or (len(folded) == 1 and folded.isascii() and not folded.isdigit())


def _folded(word: str) -> str:
    folded = word.casefold().replace("’", "'")  # noqa: RUF001
    return folded if folded in _STOP_WORDS else folded.removesuffix("'s")


@lru_cache(maxsize=STEMS_CACHED_MAX)
def _stemmed(word: str) -> str:
    with _stemming:
        return str(_stemmer.stemWord(word))
