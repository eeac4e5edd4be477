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


def test_a_model_reads_the_beginning_between_its_marks() -> None:
    assert TOKENIZER.model_input("hello world", 256) == [101, 7592, 2088, 102]
    assert TOKENIZER.model_input("hello " * 300, 256) == [101, *[7592] * 254, 102]
    assert TOKENIZER.model_input("", 256) == [101, 102]


@given(st.text(max_size=200), st.integers(0, 60))
def test_a_cut_text_begins_as_the_text_and_is_short_enough(text: str, tokens_max: int) -> None:
    cut = TOKENIZER.truncate(text, tokens_max)
    assert text.startswith(cut)
    count = TOKENIZER.count(text)
    assert cut == text if count <= tokens_max else TOKENIZER.count(cut) == tokens_max
