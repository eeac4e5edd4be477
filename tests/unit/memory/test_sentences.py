"""Sentences: where they end, in many scripts; and that they are slices of what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.upkeep.sentences import SENTENCE_CHARACTERS_MAX, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We stayed in!", ["It rained.", "We stayed in!"]),
        ("Dr. Meyer saw Mrs. Li at 3.30 p.m. today. All is well.", None),
        ("Dr. Meyer called.", ["Dr. Meyer called."]),
        ("J. R. R. Tolkien wrote it. I read it.", ["J. R. R. Tolkien wrote it.", "I read it."]),
        ("It was I. He left.", ["It was I.", "He left."]),
        ("Use tools, e.g. Redis. It works.", ["Use tools, e.g. Redis.", "It works."]),
        ("Version 3.14 is out. Update.", ["Version 3.14 is out.", "Update."]),
        ("He said “Stop!” Then he left.", ["He said “Stop!”", "Then he left."]),
        ("Well... maybe. Yes?! No.", ["Well... maybe.", "Yes?!", "No."]),
        ("今日は雨です。家にいます！", ["今日は雨です。", "家にいます！"]),  # noqa: RUF001
        ("كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
        ("वह आया। वह गया।", ["वह आया।", "वह गया।"]),
        ("To do:\n- Buy milk\n- Call Ann.", ["To do:", "- Buy milk", "- Call Ann."]),
        ("1. Open the lid\n2. Pour it in", ["1. Open the lid", "2. Pour it in"]),
        ("A line that\nis wrapped. Next.", ["A line that\nis wrapped.", "Next."]),
        ("A title\n\nA text", ["A title", "A text"]),
        ("See https://example.org/a.html for it. Bye.", ["See https://example.org/a.html for it.", "Bye."]),
        ("...\n\n!!", []),
        ("", []),
    ],
)
def test_text_is_split_where_sentences_end(text: str, expected: list[str] | None) -> None:
    if expected is None:
        expected = ["Dr. Meyer saw Mrs. Li at 3.30 p.m. today.", "All is well."]
    assert split(text) == expected


pieces = st.sampled_from(
    ["Ann", "e.g.", "Dr.", ".", "!", "…", "\n", "\n\n", "- ", "1. ", " ", "。", "ok", "(", "x" * 700]
)


@given(st.lists(pieces | st.text(max_size=5), max_size=40).map("".join))
def test_sentences_are_slices_in_order_and_no_word_is_lost(text: str) -> None:
    position, kept = 0, ""
    for sentence in split(text):
        found = text.find(sentence, position)
        assert found >= 0
        assert len(sentence) <= SENTENCE_CHARACTERS_MAX
        position = found + len(sentence)
        kept += sentence
    assert [each for each in kept if each.isalnum()] == [each for each in text if each.isalnum()]
