"""The tokenizer of the built-in model: it counts and cuts as its authors' does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.embedding.tokenizer import Tokenizer

TOKENIZER = Tokenizer()


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("hello world", 2), ("Hello, World!", 4), ("unaffable", 3), ("東京", 2), ("  \n ", 0)],
)
def test_tokens_are_counted(text: str, count: int) -> None:
    assert TOKENIZER.count(text) == count


def test_it_says_what_it_is() -> None:
    assert TOKENIZER.name == "wordpiece:all-minilm-l6-v2"


def test_a_model_reads_pieces_of_nearly_one_length_between_its_marks() -> None:
    def pieces(text: str) -> list[list[int]]:
        return TOKENIZER.pieces(text, tokens_max=256, pieces_max=3)

    assert pieces("hello world") == [[101, 7592, 2088, 102]]
    assert pieces("") == [[101, 102]]
    assert pieces("hello " * 254) == [[101, *[7592] * 254, 102]]
    assert pieces("hello " * 255) == [[101, *[7592] * 127, 102], [101, *[7592] * 128, 102]]
    assert [len(piece) for piece in pieces("hello " * 10_000)] == [256, 256, 256]


@given(st.text(max_size=200), st.integers(0, 60))
def test_a_cut_text_begins_as_the_text_and_is_short_enough(text: str, tokens_max: int) -> None:
    cut = TOKENIZER.truncate(text, tokens_max)
    assert text.startswith(cut)
    count = TOKENIZER.count(text)
    assert cut == text if count <= tokens_max else TOKENIZER.count(cut) == tokens_max
