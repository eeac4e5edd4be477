"""Texts for prompts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.model import Memory, MemoryKind
from timeloom_memory.search.composition import Grouping, by_variety, compose

START = datetime(2026, 5, 7, 9, tzinfo=UTC)


class Letters:
    """Counts a token for every started four characters."""

    name = "letters"

    def count(self, text: str) -> int:
        return -(-len(text) // 4)


def memory(number: int, content: str, *, days: int = 0, **fields: str) -> Memory:
    time = START + timedelta(days=days)
    return Memory(
        id=UUID(int=number),
        number=number,
        namespace=fields.get("namespace", "project"),
        key="",
        agent_id="",
        session_id=fields.get("session_id", ""),
        kind=MemoryKind.KNOWLEDGE if number % 2 else MemoryKind.ERROR_RESOLUTION,
        content=content,
        context="",
        metadata=None,
        tags=(),
        importance=5.0,
        confidence=0.5,
        occur_time=time,
        valid_from=time,
        valid_to=None,
        expire_time=None,
        archived=False,
        cluster_id=None,
        superseded_by=None,
        supersedes=None,
        source_ids=(),
        version=1,
        content_version=1,
        sequence=number,
        create_time=time,
        update_time=time,
        delete_time=None,
        embedding_model="",
        dimension=0,
    )


MEMORIES = [
    memory(1, "The ship sails at dawn.", days=1, session_id="s2"),
    memory(2, "The harbour\nis closed.", days=0, session_id="s1"),
    memory(3, "A storm is coming.", days=1, namespace="team/crew"),
]


def test_memories_stand_under_their_dates_with_numbers() -> None:
    composed = compose(MEMORIES, [0, 1, 2], grouping=Grouping.DATE, tokens_max=500, tokenizer=Letters())
    assert composed.text == (
        "## Thursday, 07 May 2026\n"
        "[1] 2026-05-07: The harbour is closed.\n"
        "\n"
        "## Friday, 08 May 2026\n"
        "[2] 2026-05-08: The ship sails at dawn.\n"
        "[3] 2026-05-08: A storm is coming."
    )
    assert composed.order == [1, 0, 2]
    assert composed.token_count == Letters().count(composed.text)


@pytest.mark.parametrize(
    ("grouping", "headings"),
    [
        (Grouping.NAMESPACE, ["## project", "## team/crew"]),
        (Grouping.KIND, ["## Error resolution", "## Knowledge"]),
        (Grouping.SESSION, ["## No session", "## Session s1", "## Session s2"]),
        (Grouping.NONE, []),
    ],
)
def test_memories_stand_under_other_headings(grouping: Grouping, headings: list[str]) -> None:
    composed = compose(MEMORIES, [0, 1, 2], grouping=grouping, tokens_max=500, tokenizer=Letters())
    assert [line for line in composed.text.splitlines() if line.startswith("##")] == headings


def test_a_long_memory_makes_room_for_shorter_ones() -> None:
    some = [memory(1, "short"), memory(2, "long " * 100), memory(3, "small")]
    composed = compose(some, [0, 1, 2], grouping=Grouping.NONE, tokens_max=15, tokenizer=Letters())
    assert composed.text == "[1] 2026-05-07: short\n[2] 2026-05-07: small"


def test_a_memory_that_alone_is_too_long_is_shortened() -> None:
    composed = compose(
        [memory(1, "word " * 100)], [0], grouping=Grouping.NONE, tokens_max=10, tokenizer=Letters()
    )
    assert composed.text.endswith(" …")
    assert 8 <= composed.token_count <= 10


@given(
    st.lists(st.text(max_size=60), max_size=12),
    st.integers(1, 120),
    st.sampled_from(list(Grouping)),
    st.randoms(use_true_random=False),
)
def test_a_context_never_exceeds_its_limit(
    contents: list[str], tokens_max: int, grouping: Grouping, random: object
) -> None:
    some = [memory(number, text, days=number % 3) for number, text in enumerate(contents, 1)]
    order = list(range(len(some)))
    random.shuffle(order)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    composed = compose(some, order, grouping=grouping, tokens_max=tokens_max, tokenizer=Letters())
    assert composed.token_count == Letters().count(composed.text) <= tokens_max
    numbers = [line.split("]")[0] for line in composed.text.split("\n") if line.startswith("[")]
    assert numbers == [f"[{number}" for number in range(1, len(composed.order) + 1)]
    assert len(set(composed.order)) == len(composed.order)


def test_variety_passes_over_what_says_the_same() -> None:
    likeness = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32)
    assert by_variety([1.0, 0.9, 0.8], likeness, 0.0) == [0, 1, 2]
    assert by_variety([1.0, 0.9, 0.8], likeness, 0.5) == [0, 2, 1]


@given(st.lists(st.floats(-1, 1), max_size=8), st.floats(0, 1))
def test_variety_leaves_nothing_out(scores: list[float], diversity: float) -> None:
    likeness = np.ones((len(scores), len(scores)), dtype=np.float32)
    assert sorted(by_variety(scores, likeness, diversity)) == list(range(len(scores)))
