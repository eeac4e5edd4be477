"""Patterns of LIKE, matched in a time that grows with the text and the pattern, whatever they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from timeloom_workspace.shapes.limits import LIKE_CHARACTERS_MAX

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TO_LOWER: Final = str.maketrans(_UPPER, _UPPER.lower())
_TO_UPPER: Final = str.maketrans(_UPPER.lower(), _UPPER)


def lower(text: str) -> str:
    """The text with its ASCII letters in lower case, as under the collation "C"."""
    return text.translate(_TO_LOWER)


def upper(text: str) -> str:
    """The text with its ASCII letters in upper case, as under the collation "C"."""
    return text.translate(_TO_UPPER)


def matcher(pattern: str, *, ignores_case: bool) -> Callable[[str], bool]:
    """What tells whether a text matches the pattern.

    Raises:
        ValueError: The pattern ends with its escape character, or is too long.
    """
    if len(pattern) > LIKE_CHARACTERS_MAX:
        raise ValueError(f"a pattern of more than {LIKE_CHARACTERS_MAX} characters")
    segments = _segments(lower(pattern) if ignores_case else pattern)
    matches = _matches_of(segments)
    return (lambda text: matches(lower(text))) if ignores_case else matches


def _segments(pattern: str) -> Sequence[str]:
    """Regular expressions, without repetitions, for what is between the `%` of a pattern."""
    segments = [""]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            segments.append("")
        elif character == "_":
            segments[-1] += "."
        elif character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise ValueError("LIKE pattern must not end with escape character")
            segments[-1] += re.escape(escaped)
        else:
            segments[-1] += re.escape(character)
    return segments


def _matches_of(segments: Sequence[str]) -> Callable[[str], bool]:
    first = re.compile(segments[0], re.DOTALL)
    if len(segments) == 1:
        return lambda text: first.fullmatch(text) is not None
    middle = [re.compile(segment, re.DOTALL) for segment in segments[1:-1] if segment]
    # `\Z` and not `$`, which would let a newline follow.
    last = re.compile(segments[-1], re.DOTALL)
    last_length = _length(segments[-1])

    def matches(text: str) -> bool:
        found = first.match(text)
        if found is None:
            return False
        position = found.end()
        for segment in middle:
            found = segment.search(text, position)
            if found is None:
                return False
            position = found.end()
        start = len(text) - last_length
        return start >= position and last.fullmatch(text, start) is not None

    return matches


def _length(segment: str) -> int:
    """How many characters a segment matches: each is one, be it escaped or not."""
    return len(re.sub(r"\\.", "x", segment, flags=re.DOTALL))
