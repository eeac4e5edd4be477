from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.trees import Place, tree_of


@dataclass(frozen=True, slots=True)
class Span:
    span_id: str
    parent_span_id: str
    start_ns: int
    duration_ns: int


ROOT = Span("root", "", 0, 100)
FIRST = Span("first", "root", 10, 30)
SECOND = Span("second", "root", 30, 60)
BELOW = Span("below", "second", 35, 20)


def test_a_tree_has_depths_children_own_times_and_its_critical_path() -> None:
    assert tree_of([BELOW, SECOND, FIRST, ROOT]) == [
        Place(span=ROOT, depth=0, child_count=2, is_critical=True, self_ns=20),
        Place(span=FIRST, depth=1, child_count=0, is_critical=False, self_ns=30),
        Place(span=SECOND, depth=1, child_count=1, is_critical=True, self_ns=40),
        Place(span=BELOW, depth=2, child_count=0, is_critical=True, self_ns=20),
    ]


def test_steps_one_after_the_other_are_all_waited_for() -> None:
    steps = [Span(f"step-{number}", "root", number * 20, 20) for number in range(5)]

    assert all(place.is_critical for place in tree_of([ROOT, *steps]))


def test_a_child_that_outlives_its_parent_counts_until_the_parents_end() -> None:
    late = Span("late", "root", 60, 500)

    root, child = tree_of([ROOT, late])

    assert (root.self_ns, child.is_critical) == (60, True)


def test_a_span_whose_parent_has_not_arrived_stands_at_the_top() -> None:
    lost = Span("lost", "nobody", 5, 10)

    assert [(place.span.span_id, place.depth) for place in tree_of([lost, ROOT])] == [
        ("root", 0),
        ("lost", 0),
    ]


def test_spans_that_are_each_others_parents_are_shown_once_the_earliest_first() -> None:
    circle = [Span("a", "c", 3, 1), Span("b", "a", 1, 1), Span("c", "b", 2, 1), Span("d", "a", 4, 1)]

    places = tree_of(circle)

    assert [(place.span.span_id, place.depth) for place in places] == [("b", 0), ("c", 1), ("a", 2), ("d", 3)]


def test_a_span_that_is_its_own_parent_stands_at_the_top() -> None:
    (place,) = tree_of([Span("self", "self", 0, 5)])

    assert (place.depth, place.child_count, place.self_ns) == (0, 0, 5)


def test_a_very_deep_trace_has_a_tree() -> None:
    chain = [
        Span(str(depth), str(depth - 1) if depth else "", depth, 30_000 - depth) for depth in range(20_000)
    ]

    assert tree_of(reversed(chain))[-1].depth == 19_999


def test_a_span_that_is_there_twice_is_shown_twice() -> None:
    again = Span("first", "root", 50, 10)

    assert [place.span for place in tree_of([ROOT, again, FIRST])] == [ROOT, FIRST, again]


NAMES = st.sampled_from([*"abcdefgh"])
SPANS = st.builds(
    Span, NAMES, NAMES | st.just("") | st.just("nobody"), st.integers(0, 50), st.integers(0, 50)
)


@given(spans=st.lists(SPANS, max_size=12), data=st.data())
def test_a_tree_has_every_span_once_after_its_parent_in_whatever_order_they_arrive(
    spans: list[Span], data: st.DataObject
) -> None:
    places = tree_of(spans)

    shuffled = data.draw(st.permutations(spans))
    assert [place.span.span_id for place in tree_of(shuffled)] == [place.span.span_id for place in places]
    assert sorted(map(repr, spans)) == sorted(repr(place.span) for place in places)
    above: list[str] = []
    for place in places:
        del above[place.depth :]
        assert place.depth == 0 or above[-1] == place.span.parent_span_id
        above.append(place.span.span_id)
        assert 0 <= place.self_ns <= place.span.duration_ns
    assert sum(place.child_count for place in places) == sum(place.depth > 0 for place in places)
