"""Topics as NATS' subjects."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timeloom.events.v1 import events_pb2
from timeloom_platform.bus import subject_filter, subject_of
from timeloom_platform.bus.subjects import disjoint, matches, widest

segments = st.text(min_size=1, max_size=20).filter(lambda text: "/" not in text)
topics = st.lists(segments, min_size=1, max_size=5).map("/".join)
tokens = st.sampled_from(["a", "b", "*"])
filters = st.tuples(st.lists(tokens, min_size=1, max_size=4), st.booleans()).map(
    lambda parts: ".".join([*parts[0], *([">"] if parts[1] else [])])
)
EVERY_SUBJECT = [
    ".".join(letters) for length in range(1, 6) for letters in itertools.product("abc", repeat=length)
]


def event(project_id: str, topic: str) -> events_pb2.Event:
    return events_pb2.Event(project_id=project_id, topic=topic)


@pytest.mark.parametrize(
    ("topic", "subject"),
    [
        ("executions/018f", "timeloom.p1.executions.018f"),
        ("memory/team/Größe", "timeloom.p1.memory.team.Gr%C3%B6%C3%9Fe"),
        ("memory/a.b*c>d e", "timeloom.p1.memory.a%2Eb%2Ac%3Ed%20e"),
        ("*/>", "timeloom.p1.%2A.%3E"),
    ],
)
def test_a_topic_becomes_a_subject(topic: str, subject: str) -> None:
    assert subject_of(event("p1", topic)) == subject


@given(project_id=segments, topic=topics)
def test_no_topic_reaches_beyond_its_project_or_its_segments(project_id: str, topic: str) -> None:
    subject = subject_of(event(project_id, topic))

    assert len(subject.split(".")) == 2 + len(topic.split("/"))
    assert not set(subject) & set("*> \t\r\n\0")
    if not {"*", ">"} & set(topic.split("/")):
        # Elsewhere these are characters like any other; alone in a segment they mean more in a pattern.
        assert matches(subject_filter(project_id, topic), subject)


@given(one=topics, other=topics)
def test_different_topics_have_different_subjects(one: str, other: str) -> None:
    assert (subject_of(event("p", one)) == subject_of(event("p", other))) == (one == other)


@pytest.mark.parametrize("topic", ["", "/", "a//b", "a/", "/a", "x" * 513])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        subject_of(event("p1", topic))
    with pytest.raises(ValueError, match="topic"):
        subject_filter("p1", topic)


def test_a_filter_may_have_wildcards_and_end_with_the_rest() -> None:
    assert subject_filter("p1", "executions/*") == "timeloom.p1.executions.*"
    assert subject_filter("*", "executions/>") == "timeloom.*.executions.>"
    assert subject_filter(">", "executions") == "timeloom.%3E.executions"
    with pytest.raises(ValueError, match="last segment"):
        subject_filter("p1", ">/executions")


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("a.>", "a.b", True),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.*", "a.b", True),
        ("a.*", "a.*", True),
        ("a.*", "a.>", False),
        ("a.*", "a.b.c", False),
        ("a.b", "a.*", False),
        ("a", "b", False),
    ],
)
def test_a_filter_matches_what_nats_would_deliver(wide: str, narrow: str, *, expected: bool) -> None:
    assert matches(wide, narrow) is expected


@given(st.lists(filters, min_size=1, max_size=5))
def test_the_widest_filters_select_just_the_same(given_filters: list[str]) -> None:
    kept = widest(given_filters)

    assert set(kept) <= set(given_filters)
    for subject in EVERY_SUBJECT:
        assert _selects(kept, subject) == _selects(given_filters, subject)


@given(st.lists(filters, min_size=1, max_size=5))
@example(["a.a.*", "a.*.b", "a"])
def test_disjoint_filters_select_at_least_the_same_and_each_subject_once(given_filters: list[str]) -> None:
    found = disjoint(given_filters)

    for subject in EVERY_SUBJECT:
        selecting = sum(matches(each, subject) for each in found)
        assert selecting <= 1
        assert selecting or not _selects(given_filters, subject)


def _selects(some: list[str], subject: str) -> bool:
    return any(matches(each, subject) for each in some)
