"""Every policy makes of a record what its model says, however the writes arrive."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import offline_clients as clients
from tests.helpers.offline_clients import OWNER, Queued, Shape, Story, Values, told
from timeloom_workspace.clocks import NEVER, Clock
from timeloom_workspace.sync import policies
from timeloom_workspace.sync.policies import (
    DELETED_FOR_GOOD,
    NO_RECORD,
    OWN_LATER,
    Operation,
    Outcome,
    Policy,
    Record,
    Verdict,
    Write,
    decide,
)

Model = Callable[[Sequence[Queued], Values], Values | None]

BASE = str(Clock(1_000, 0, "server"))
BASE_VALUES = {"title": "before", "description": "before", "branch": "before", "user_id": OWNER}
CASES: list[tuple[Policy, Shape, Model]] = [
    (Policy.FIELD_MERGE, "parts", clients.field_merge),
    (Policy.FIELD_MERGE, "whole", clients.field_merge),
    (Policy.LAST_WRITE_WINS, "whole", clients.last_write_wins),
    (Policy.SERVER_WINS, "parts", clients.first_client),
    (Policy.MANUAL, "parts", clients.first_client),
    (Policy.USER_PRIORITY, "whole", clients.user_priority),
]


def inserted() -> Record:
    """A record that everybody knows."""
    return Record(
        values=BASE_VALUES,
        field_clocks=dict.fromkeys(BASE_VALUES, BASE),
        clock=BASE,
        user_id=OWNER,
    )


def write_of(queued: Queued) -> Write:
    """The mutation as a policy sees it."""
    return Write(
        operation=queued.operation,
        clock=queued.clock,
        base_clock=queued.base_clock,
        user_id=queued.user,
        values=queued.values,
    )


def delivered(policy: Policy, story: Story, records: int) -> tuple[list[Record], dict[str, Verdict]]:
    """Decides each mutation as it arrives, the repeated ones too, and returns the first verdicts."""
    states = [inserted() for _ in range(records)]
    verdicts: dict[str, Verdict] = {}
    for queued in (each for batch in story.deliveries for each in batch):
        if queued.id not in verdicts:
            verdict = decide(policy, states[queued.record], write_of(queued))
            verdicts[queued.id] = verdict
            assert verdict.record is not None
            states[queued.record] = verdict.record
    return states, verdicts


@pytest.mark.parametrize(("policy", "shape", "model"), CASES)
@given(seed=st.integers(0, 2**32), mutations=st.integers(1, 500), records=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_a_record_becomes_what_the_model_says(
    policy: Policy, shape: Shape, model: Model, seed: int, mutations: int, records: int
) -> None:
    story = told(
        random.Random(seed),
        mutations=mutations,
        bases=[BASE] * records,
        start_ms=2_000,
        shape=shape,
    )
    states, verdicts = delivered(policy, story, records)

    for number, state in enumerate(states):
        arrivals = [each for each in story.arrivals() if each.record == number]
        expected = model(arrivals, BASE_VALUES) if arrivals else BASE_VALUES
        found = state.values if state.exists else None
        assert found == (expected and {**expected, "user_id": OWNER})
    assert set(verdicts) == {each.id for each in story.mutations()}


@pytest.mark.parametrize("policy", Policy)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_nobody_loses_anything_unseen(policy: Policy, seed: int) -> None:
    story = told(random.Random(seed), mutations=60, bases=[BASE] * 2, start_ms=2_000, shape="parts")
    states = [inserted() for _ in range(2)]
    for queued in story.arrivals():
        before, write = states[queued.record], write_of(queued)
        verdict = decide(policy, before, write)
        assert verdict.record is not None
        after = states[queued.record] = verdict.record
        if verdict.is_contested:
            continue
        # Whoever is not heard of again got all that he wanted, but for what he himself changed later, and
        # took nothing from anybody whose change he did not know.
        assert verdict.outcome is Outcome.APPLIED
        if verdict.reason != OWN_LATER and write.operation is Operation.UPDATE:
            assert after.values is not None
            assert {name: after.values[name] for name in write.values} == write.values
        taken = [name for name, clock in before.field_clocks.items() if after.field_clocks[name] != clock]
        assert not any(write.rivals(before.field_clocks[name]) for name in taken)


@pytest.mark.parametrize("policy", Policy)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_a_record_that_is_changed_gets_a_later_clock(policy: Policy, seed: int) -> None:
    story = told(random.Random(seed), mutations=40, bases=[BASE], start_ms=2_000, shape="parts")
    state = inserted()
    for queued in story.arrivals():
        changed = decide(policy, state, write_of(queued)).record
        assert changed is not None
        assert changed.clock > state.clock or (changed.values, changed.exists) == (state.values, state.exists)
        state = changed


@given(seed=st.integers(0, 2**32), order=st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_merged_fields_do_not_depend_on_the_order_even_of_the_insertion(
    seed: int, order: random.Random
) -> None:
    story = told(random.Random(seed), mutations=12, bases=[NEVER], start_ms=2_000, shape="parts")
    insertion = Write(operation=Operation.INSERT, clock=BASE, values=BASE_VALUES, user_id=OWNER)
    writes = [insertion, *(write_of(each) for each in story.mutations())]
    order.shuffle(writes)

    record: Record | None = None
    waiting: list[Write] = []
    for write in writes:
        verdict = decide(Policy.FIELD_MERGE, record, write)
        record = verdict.record
        if verdict.outcome is Outcome.REJECTED:
            waiting.append(write)
        elif write.operation is Operation.INSERT:
            for late in waiting:
                record = decide(Policy.FIELD_MERGE, record, late).record

    expected = clients.field_merge(list(story.mutations()), BASE_VALUES)
    assert record is not None
    assert (record.values if record.exists else None) == expected


def at(milliseconds: int, node: str) -> str:
    return str(Clock(milliseconds, 0, node))


def test_an_update_of_a_record_that_never_came_is_rejected() -> None:
    write = Write(operation=Operation.UPDATE, clock=at(2, "tab"), values={"title": "new"})

    assert decide(Policy.FIELD_MERGE, None, write) == Verdict(
        outcome=Outcome.REJECTED, record=None, reason=NO_RECORD
    )


def test_an_insertion_that_comes_after_its_deletion_stays_deleted() -> None:
    deletion = Write(operation=Operation.DELETE, clock=at(5, "tab"))
    buried = decide(Policy.LAST_WRITE_WINS, None, deletion).record

    insertion = Write(operation=Operation.INSERT, clock=at(3, "other"), values={"title": "new"})
    verdict = decide(Policy.LAST_WRITE_WINS, buried, insertion)

    assert verdict.outcome is Outcome.SUPERSEDED
    assert verdict.record is not None
    assert not verdict.record.exists
    assert verdict.record.values == {"title": "new"}


@pytest.mark.parametrize("policy", [Policy.FIELD_MERGE, Policy.LAST_WRITE_WINS])
def test_what_was_deleted_for_good_is_not_brought_back_by_an_update(policy: Policy) -> None:
    gone = Record(values={}, field_clocks={}, clock=at(5, "server"), delete_clock=at(5, "server"))
    update = Write(operation=Operation.UPDATE, clock=at(9, "tab"), values={"title": "new"})

    verdict = decide(policy, gone, update)

    assert (verdict.outcome, verdict.reason) == (Outcome.SUPERSEDED, DELETED_FOR_GOOD)
    assert verdict.record == gone


@pytest.mark.parametrize("policy", [Policy.FIELD_MERGE, Policy.LAST_WRITE_WINS])
def test_a_later_insertion_makes_a_deleted_record_anew(policy: Policy) -> None:
    gone = Record(values={}, field_clocks={}, clock=at(5, "server"), delete_clock=at(5, "server"))
    insertion = Write(operation=Operation.INSERT, clock=at(9, "tab"), values={"title": "new"})

    verdict = decide(policy, gone, insertion)

    assert verdict.outcome is Outcome.APPLIED
    assert verdict.record == Record(
        values={"title": "new"}, field_clocks={"title": at(9, "tab")}, clock=at(9, "tab")
    )


def test_the_owner_wins_over_somebody_elses_later_write_and_not_the_other_way_round() -> None:
    theirs = Write(
        operation=Operation.UPDATE, clock=at(9_000, "bob"), base_clock=BASE, values={"title": "bob"}
    )
    owners = Write(
        operation=Operation.UPDATE,
        clock=at(3_000, "ann"),
        base_clock=BASE,
        values={"title": "ann"},
        user_id=OWNER,
    )
    first = decide(Policy.USER_PRIORITY, inserted(), theirs).record
    won = decide(Policy.USER_PRIORITY, first, owners)
    lost = decide(Policy.USER_PRIORITY, decide(Policy.USER_PRIORITY, inserted(), owners).record, theirs)

    assert won.record is not None
    assert won.record.values is not None
    assert won.record.values["title"] == "ann"
    assert (won.fields, won.is_contested) == (("title",), True)
    assert (lost.outcome, lost.reason, lost.is_contested) == (
        Outcome.SUPERSEDED,
        policies.OWNER_STANDS,
        True,
    )


def test_a_conflict_by_hand_leaves_the_record_as_it_is() -> None:
    other = Write(operation=Operation.UPDATE, clock=at(9_000, "a"), base_clock=BASE, values={"title": "a"})
    standing = decide(Policy.MANUAL, inserted(), other).record
    write = Write(
        operation=Operation.UPDATE,
        clock=at(9_500, "b"),
        base_clock=BASE,
        values={"title": "b", "branch": "b"},
    )

    assert decide(Policy.MANUAL, standing, write) == Verdict(
        outcome=Outcome.CONFLICT,
        record=standing,
        reason=policies.TO_BE_DECIDED,
        fields=("title",),
        is_contested=True,
    )
