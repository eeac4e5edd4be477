"""The tokenizer of all-MiniLM-L6-v2: WordPiece, lower case, as its package installs it."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from timeloom_memory.embedding.weights import TOKENIZER_FILE, verified

NAME: Final = "wordpiece:all-minilm-l6-v2"

FRAME_TOKENS: Final = 2
"""What the model puts around a text: where it begins and where it ends."""


class Tokenizer:
    """Counts and cuts texts; loaded at its first use. May be used by several threads."""

    @property
    def name(self) -> str:
        """What it is called."""
        return NAME

    def count(self, text: str) -> int:
        """Returns how many tokens a text has, without those that a model puts around it."""
        return len(self._wordpiece.encode(text, add_special_tokens=False).ids)

    def truncate(self, text: str, tokens_max: int) -> str:
        """Returns the beginning of a text that has at most so many tokens; all of it if it is short."""
        ends: list[tuple[int, int]] = self._wordpiece.encode(text, add_special_tokens=False).offsets
        if len(ends) <= tokens_max:
            return text
        return text[: ends[tokens_max - 1][1]] if tokens_max > 0 else ""

    def pieces(self, text: str, *, tokens_max: int, pieces_max: int) -> list[list[int]]:
        """Returns what a model reads of a text: pieces of nearly one length, each of at most so many tokens.

        Each is framed by the tokens that begin and end a text. A text without tokens is one empty piece; what
        is left when there are too many pieces is not read.
        """
        ids: list[int] = self._wordpiece.encode(text, add_special_tokens=False).ids
        room = tokens_max - FRAME_TOKENS
        del ids[room * pieces_max :]
        count = max(-(-len(ids) // room), 1)
        begin, end = self._frame
        ends = [len(ids) * number // count for number in range(count + 1)]
        return [[begin, *ids[start:stop], end] for start, stop in pairwise(ends)]

    @cached_property
    def _frame(self) -> tuple[int, int]:
        begin, end = self._wordpiece.encode("").ids
        return begin, end

    @cached_property
    def _wordpiece(self) -> Any:  # it has no types
        # Imported here: it takes memory that a service without texts does not need.
        from tokenizers import Tokenizer as WordPiece  # noqa: PLC0415

        wordpiece = WordPiece.from_str(verified(TOKENIZER_FILE).decode())
        # The file is set up for short texts of one length.
        wordpiece.no_truncation()
        wordpiece.no_padding()
        return wordpiece
