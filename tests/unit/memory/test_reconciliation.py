"""Two sides are brought into line: laws that hold whatever is on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom_memory.model import Memory
from timeloom_memory.sharing.likeness import Likeness
from timeloom_memory.sharing.reconciliation import (
    Action,
    Known,
    Outcome,
    Place,
    Policy,
    Reconciler,
    substance_of,
)

BEGINNING = datetime(2026, 5, 1, tzinfo=UTC)
HERE, THERE = "here", "there"

sides = st.lists(
    st.tuples(
        st.sampled_from(["tea", "tea is hot", "rain", "sun", "stone"]),
        st.sampled_from(["", "", "k1", "k2"]),
        st.integers(1, 3),
        st.integers(0, 2),
    ),
    max_size=5,
    unique_by=lambda each: each[1] or object(),
)


def side_of(
    namespace: str, rows: Sequence[tuple[str, str, int, int]], ids: Callable[[], UUID]
) -> list[Memory]:
    """Returns memories of contents, keys, importances and uses."""
    return [
        Memory(
            id=ids(),
            number=0,
            namespace=namespace,
            key=key,
            agent_id="",
            session_id="",
            kind=7,
            content=content,
            context="",
            metadata=None,
            tags=(),
            importance=float(importance),
            confidence=0.5,
            occur_time=BEGINNING,
            valid_from=BEGINNING,
            valid_to=None,
            expire_time=None,
            archived=False,
            cluster_id=None,
            superseded_by=None,
            supersedes=None,
            source_ids=(),
            version=1,
            content_version=1,
            sequence=1,
            create_time=BEGINNING,
            update_time=BEGINNING + timedelta(hours=place),
            delete_time=None,
            embedding_model="",
            dimension=0,
            access_count=uses,
        )
        for place, (content, key, importance, uses) in enumerate(rows)
    ]


class Sides:
    """Two sides, and what was settled between them."""

    def __init__(
        self, here: Sequence[tuple[str, str, int, int]], there: Sequence[tuple[str, str, int, int]]
    ) -> None:
        numbers = count(1)
        self.new_id: Callable[[], UUID] = lambda: UUID(int=next(numbers))
        self.here, self.there = side_of(HERE, here, self.new_id), side_of(THERE, there, self.new_id)
        keys = {(each.namespace, each.key): each.id for each in (*self.here, *self.there) if each.key}
        self.known = Known(settled={}, heirs={}, taken_keys=keys)

    def sync(self, policy: Policy) -> list[Outcome]:
        """Brings both sides into line, there and back."""
        forward = self._reconciler(policy, THERE).plan(self.here, self.there)
        back = self._reconciler(policy, HERE).plan(forward.targets, self.here)
        self.there, self.here = forward.targets, back.targets
        return [*forward.outcomes, *back.outcomes]

    def _reconciler(self, policy: Policy, namespace: str) -> Reconciler:
        return Reconciler(
            policy=policy,
            known=self.known,
            place=Place(namespace=namespace, session_id=""),
            nearest=Likeness({}, similarity=0.95).nearest,
            new_id=self.new_id,
        )


@given(here=sides, there=sides, policy=st.sampled_from(Policy))
def test_a_second_run_finds_everything_settled(
    here: list[tuple[str, str, int, int]], there: list[tuple[str, str, int, int]], policy: Policy
) -> None:
    both = Sides(here, there)
    both.sync(policy)
    before = (both.here, both.there)
    assert {each.action for each in both.sync(policy)} <= {Action.UNCHANGED}
    assert (both.here, both.there) == before


@given(here=sides, there=sides, policy=st.sampled_from(Policy))
def test_both_sides_say_the_same_in_the_end(
    here: list[tuple[str, str, int, int]], there: list[tuple[str, str, int, int]], policy: Policy
) -> None:
    both = Sides(here, there)
    both.sync(policy)
    assert Counter(map(substance_of, both.here)) == Counter(map(substance_of, both.there))


@given(here=sides, there=sides, policy=st.sampled_from(Policy))
def test_keys_stay_unique_on_each_side(
    here: list[tuple[str, str, int, int]], there: list[tuple[str, str, int, int]], policy: Policy
) -> None:
    both = Sides(here, there)
    both.sync(policy)
    for side in (both.here, both.there):
        keys = [each.key for each in side if each.key]
        assert len(keys) == len(set(keys))


@given(here=sides, there=sides)
def test_nothing_is_unsaid_where_both_stay(
    here: list[tuple[str, str, int, int]], there: list[tuple[str, str, int, int]]
) -> None:
    both = Sides(here, there)
    said = {substance_of(each) for each in (*both.here, *both.there)}
    both.sync(Policy.KEEP_BOTH)
    assert said == {substance_of(each) for each in both.here}
