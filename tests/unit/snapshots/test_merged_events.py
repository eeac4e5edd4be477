"""One event may tell what several told, but never more and never less."""

from uuid import UUID

from timeloom.events.v1 import events_pb2
from timeloom_snapshots import events

EXECUTION_ID = UUID("018f2a6e-0000-7000-8000-000000000001")


def recorded(first: int, last: int, step_name: str = "step") -> events_pb2.Event:
    event = events.snapshots_recorded(
        EXECUTION_ID, first=first, last=last, step_name=step_name, traceparent=f"trace of {last}"
    )
    event.id = f"id of {last}"
    return event


def test_neighbours_become_one_event_with_the_id_of_the_later() -> None:
    merged = events.merged(recorded(3, 5, "plan"), recorded(6, 9, "act"))
    expected = recorded(6, 9, "act")
    expected.snapshots_recorded.first_sequence = 3
    assert merged == expected


def test_a_gap_is_not_bridged() -> None:
    assert events.merged(recorded(1, 2), recorded(4, 5)) is None


def test_what_is_merged_stays_as_it_was() -> None:
    earlier, later = recorded(1, 1), recorded(2, 2)
    events.merged(earlier, later)
    assert (earlier, later) == (recorded(1, 1), recorded(2, 2))


def test_other_events_are_told_by_themselves() -> None:
    deleted = events.execution_deleted(EXECUTION_ID)
    assert events.merged(recorded(1, 1), deleted) is None
    assert events.merged(deleted, recorded(1, 1)) is None
    assert events.merged(deleted, deleted) is None
