"""The laws of hybrid logical clocks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timeloom.hybrid_clocks import COUNTER_MAX
from timeloom_workspace.clocks import (
    Clock,
    HybridClock,
    InvalidClockError,
    after,
    ahead_ms,
    node_of,
)

NODES = st.from_regex(r"[A-Za-z0-9._:@~+-]{1,20}", fullmatch=True)
CLOCKS = st.builds(
    Clock,
    milliseconds=st.integers(0, 10**14),
    counter=st.one_of(st.integers(0, 3), st.just(COUNTER_MAX), st.integers(0, COUNTER_MAX)),
    node=NODES,
)


@given(CLOCKS)
def test_a_clock_is_read_as_it_was_written(clock: Clock) -> None:
    assert Clock.parse(str(clock)) == clock
    assert node_of(str(clock)) == clock.node


@given(CLOCKS, CLOCKS)
def test_clocks_are_ordered_as_their_texts(one: Clock, other: Clock) -> None:
    assert (one < other) == (str(one) < str(other))


@given(CLOCKS, NODES)
def test_the_next_clock_is_later_whoever_has_it(clock: Clock, node: str) -> None:
    assert clock.next_of(node) > clock


@given(CLOCKS, CLOCKS)
def test_a_record_has_a_later_clock_after_each_write(previous: Clock, written: Clock) -> None:
    clock = after(str(previous), str(written))

    assert clock > str(previous)
    assert clock >= str(written)
    assert node_of(clock) == written.node


def test_the_first_write_gives_a_record_its_own_clock() -> None:
    assert after("", str(Clock(7, 0, "tab"))) == str(Clock(7, 0, "tab"))


@given(
    times=st.lists(st.integers(0, 10**14), min_size=1, max_size=20),
    seen=st.lists(st.lists(CLOCKS, max_size=2), min_size=1, max_size=20),
)
def test_a_nodes_clock_passes_all_that_it_saw_wherever_its_watch_goes(
    times: list[int], seen: list[list[Clock]]
) -> None:
    watch = iter(times * 20)
    clock = HybridClock(lambda: next(watch), node="tab")
    so_far: list[str] = []
    for each in seen:
        texts = [str(one) for one in each]
        now = clock.next(*texts)
        assert all(now > earlier for earlier in [*so_far, *texts])
        assert node_of(now) == "tab"
        so_far += [*texts, now]


def test_a_clock_follows_a_watch_that_goes_on() -> None:
    clock = HybridClock(lambda: 1_700_000_000_000, node="tab")

    assert clock.next() == "001700000000000-000000-tab"
    assert clock.next() == "001700000000000-000001-tab"
    assert ahead_ms("001700000000250-000000-tab", clock.now_ms()) == 250


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1-1-tab",
        "001700000000000-000000-",
        "001700000000000-000000-a b",
        "001700000000000-000000-tab\n",
        "\u0660" * 15 + "-000000-tab",
        "001700000000000-000000-" + "x" * 106,
    ],
)
def test_what_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(InvalidClockError, match="must be <milliseconds"):
        Clock.parse(text)


@pytest.mark.parametrize("node", ["", "a b", "tab\n", "x" * 106])
def test_a_node_whose_clocks_nobody_could_read_has_no_clock(node: str) -> None:
    with pytest.raises(InvalidClockError, match="the node must have 1 to 105 letters"):
        HybridClock(lambda: 0, node=node)
