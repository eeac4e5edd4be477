"""Near-duplicates: what is found, and what must never be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from timeloom_memory.sameness import Said
from timeloom_memory.upkeep.duplicates import GROUP_MAX, Candidate, Group, groups_of

START = datetime(2026, 1, 1, tzinfo=UTC)
Floats = NDArray[np.float32]


def candidates(texts: list[str], *, with_vectors: bool = True, importance: float = 5.0) -> list[Candidate]:
    return [
        Candidate(
            memory_id=UUID(int=place + 1),
            content=text,
            importance=importance,
            create_time=START + timedelta(days=place),
            vector=place if with_vectors else None,
        )
        for place, text in enumerate(texts)
    ]


def turned(*degrees: float) -> Floats:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def members(groups: list[Group]) -> list[set[int]]:
    return [{each.int for each in group.memory_ids} for group in groups]


NOTHING = np.zeros((0, 2), dtype=np.float32)


def test_texts_that_differ_in_case_and_marks_alone_are_duplicates_without_any_vector() -> None:
    given_texts = ["Ann likes tea...", "ann  likes TEA", "Bob likes tea."]
    groups = groups_of(candidates(given_texts, with_vectors=False), NOTHING, similarity=0.95)
    assert groups == [Group(memory_ids=(UUID(int=1), UUID(int=2)), similarity=1.0)]


def test_texts_of_one_meaning_are_duplicates_by_their_vectors() -> None:
    texts = ["Ann is fond of tea", "Ann loves tea", "It rains"]
    groups = groups_of(candidates(texts), turned(0, 10, 80), similarity=0.95)
    assert members(groups) == [{1, 2}]
    assert groups[0].similarity == pytest.approx(np.cos(np.radians(10)), abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The meeting is at 3", "The meeting is at 4"),
        ("Ann likes tea", "Ann doesn't like tea"),
        ("Ann likes tea", "Ann does not like tea"),
        ("Costs 1.50 each", "Costs 15.0 each"),
        ("Der Server läuft", "Der Server läuft nicht"),
        ("Ann dont like tea", "Ann likes tea"),
        ("Room 3a is free", "Room 3b is free"),
        ("Due on 2026-05-01", "Due on 2026-01-05"),
        ("It is -5 degrees", "It is 5 degrees"),
        ("Three of 5 and 7", "Three of 7 and 5"),
    ],
)
def test_other_numbers_and_denials_are_no_duplicates_however_alike(one: str, other: str) -> None:
    assert groups_of(candidates([one, other]), turned(0, 1), similarity=0.9) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann knows C", "Ann knows C++"),
        ("It costs 5 $", "It costs 5 €"),
        ("Great 🙂", "Great 🙁"),
        ("#", "@"),
    ],
)
def test_signs_that_mean_something_are_no_mere_marks(one: str, other: str) -> None:
    assert Said.of(one) != Said.of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ann likes tea...", "ann  likes “TEA”!"),
        ("It\u2019s 12:30", "its 12:30."),
        ("**Ann** likes user_id", "Ann likes user id"),
        ("!!!", " !!! "),
    ],
)
def test_marks_and_case_make_no_difference(one: str, other: str) -> None:
    assert Said.of(one) == Said.of(other)


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_says_the_same_may_match_either_way(one: str, other: str) -> None:
    first, second = Said.of(one), Said.of(other)
    assert first == Said.of(f" {one} ")
    assert first.may_match(second) == second.may_match(first)
    assert first != second or first.may_match(second)


def test_a_chain_does_not_make_one_of_what_is_different_at_its_ends() -> None:
    groups = groups_of(candidates(["a b", "c d", "e f"]), turned(0, 15, 30), similarity=0.95)
    assert [len(group.memory_ids) for group in groups] == [2]


def test_what_somebody_kept_apart_stays_apart() -> None:
    texts = ["tea one", "tea uno", "tea eins"]
    apart = [frozenset({UUID(int=1), UUID(int=2)})]
    groups = groups_of(candidates(texts), turned(0, 1, 2), similarity=0.95, apart=apart)
    assert all(not {1, 2} <= group for group in members(groups))
    assert len(groups) == 1


def test_the_most_important_goes_on_then_the_fullest_then_the_newest() -> None:
    some = candidates(["short", "much longer", "fresh", "newer"], importance=5)
    important = Candidate(memory_id=UUID(int=9), content="tiny", importance=9, create_time=START, vector=4)
    (group,) = groups_of([*some, important], turned(0, 1, 2, 3, 4), similarity=0.9)
    assert [each.int for each in group.memory_ids] == [9, 2, 4, 3, 1]


def test_a_thousand_copies_make_groups_that_can_be_merged() -> None:
    copies = candidates(["the same"] * 1000, with_vectors=False)
    groups = groups_of(copies, NOTHING, similarity=0.95)
    assert sum(len(group.memory_ids) for group in groups) == 1000
    assert max(len(group.memory_ids) for group in groups) <= GROUP_MAX


@given(
    st.lists(st.floats(min_value=0, max_value=180), max_size=25),
    st.floats(min_value=0.5, max_value=0.999),
)
def test_any_two_of_a_group_are_that_alike_and_no_memory_is_in_two(
    degrees: list[float], similarity: float
) -> None:
    vectors = turned(*degrees) if degrees else NOTHING
    letters = "abcdefghijklmnopqrstuvwxyz"
    groups = groups_of(candidates([letters[i] for i in range(len(degrees))]), vectors, similarity=similarity)
    seen: set[int] = set()
    for group in members(groups):
        assert not seen & group
        seen |= group
        for one, other in combinations(group, 2):
            assert float(vectors[one - 1] @ vectors[other - 1]) >= similarity - 1e-5
