"""Of resources with one id one counts: in parts it is the same one as at once."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom_migration.planning.model import Action, Family, Resource, Table
from timeloom_migration.planning.settling import settle


def resource(number: int, title: str, day: int | None, action: Action | None) -> Resource:
    """Makes a task; the number is its id."""
    return Resource(
        record_index=0,
        key="tasks",
        family=Family.TASKS,
        source_id=str(number),
        table=Table.TASKS,
        target_id=UUID(int=number),
        fields={"title": title},
        update_time=None if day is None else f"2026-01-0{day}T00:00:00Z",
        action=action,
    )


RESOURCES = st.lists(
    st.builds(
        resource,
        st.integers(1, 4),
        st.sampled_from(["one", "other"]),
        st.none() | st.integers(1, 3),
        st.sampled_from([None, None, None, Action.REFUSE]),
    ),
    max_size=12,
)


@given(parts=st.lists(RESOURCES, max_size=4))
def test_parts_are_settled_as_the_whole_is(parts: list[list[Resource]]) -> None:
    settled: list[Resource] = []
    for part in parts:
        places = [place for place, each in enumerate(settled) if each.action is None]
        result = settle([*(settled[place] for place in places), *part])
        for place, each in zip(places, result, strict=False):
            settled[place] = each
        settled.extend(result[len(places) :])

    assert settled == settle(each for part in parts for each in part)


@given(resources=RESOURCES)
def test_one_of_each_id_counts_and_it_is_the_newest(resources: list[Resource]) -> None:
    counting = [each for each in settle(resources) if each.action is None]
    asked = [each for each in resources if each.action is None]

    assert len({each.target_id for each in counting}) == len(counting)
    assert {each.target_id for each in counting} == {each.target_id for each in asked}
    for each in counting:
        twins = [other.update_time or "" for other in asked if other.target_id == each.target_id]
        assert (each.update_time or "") == max(twins)
