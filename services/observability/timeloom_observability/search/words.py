"""Texts as the words by which they are found.

Words are letters and digits, folded: telemetry is full of paths, names with dots and identifiers, of which
people know a part. What is written LikeThis is found by its parts, too, and scripts that put no spaces
between words are cut into overlapping pairs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

WORD_LENGTH_MAX: Final = 64
"""Characters; a longer word is not one that somebody looks for: an encoded file, a hash, a line of dashes."""

Word: TypeAlias = tuple[str, ...]
"""A word, and after it the parts that it is written of, if there are several."""

# Thai, Lao, Burmese, Khmer; Hangul, whose words carry their endings; Kana; Han.
_UNSPACED: Final = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u1100-\u11ff\uac00-\ud7af"
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_WORD: Final = re.compile(r"[^\W_]+")
_UNSPACED_RUN: Final = re.compile(f"([{_UNSPACED}]+)")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(text: str) -> list[Word]:
    """Returns the words of a text in their order."""
    if not text.isascii():
        return [word for token in _WORD.findall(folded(text)) for word in _read(token)]
    words: list[Word] = []
    for token in _WORD.findall(text):
        # Most words are these, and looking closer takes ten times as long.
        if token.islower() or token.isdigit():
            if len(token) <= WORD_LENGTH_MAX:
                words.append((token,))
        else:
            words.extend(_read(token))
    return words


def words_at(text: str) -> Iterator[tuple[int, int, Word]]:
    """Yields the words of a text with where they begin and end in it, as it is written."""
    for match in _WORD.finditer(text):
        token = match[0]
        if token.isascii() or not _UNSPACED_RUN.search(token):
            for word in words_of(token):
                yield match.start(), match.end(), word
            continue
        start = match.start()
        for part in _UNSPACED_RUN.split(token):
            pairs = bool(_UNSPACED_RUN.match(part))
            for at, word in enumerate(words_of(part)):
                yield (
                    (start + at, start + at + len(word[0]), word)
                    if pairs
                    else (start, start + len(part), word)
                )
            start += len(part)


def folded(text: str) -> str:
    """Makes alike what people write differently: width and accents."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def _read(token: str) -> Sequence[Word]:
    """Returns the words of what stands between two signs."""
    if token.isascii():
        return _written(token)
    return [
        word
        for part in _UNSPACED_RUN.split(token)
        if part
        for word in (_pairs(part) if _UNSPACED_RUN.match(part) else _written(part))
    ]


def _written(token: str) -> Sequence[Word]:
    if len(token) > WORD_LENGTH_MAX:
        return ()
    word = token.casefold()
    parts = _PART.findall(token) if token.isascii() and not (token.isupper() or token.islower()) else ()
    return ((word, *(part.lower() for part in parts)),) if len(parts) > 1 else ((word,),)


def _pairs(run: str) -> Sequence[Word]:
    return [(run[at : at + 2],) for at in range(max(len(run) - 1, 1))]
