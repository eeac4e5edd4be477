from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from timeloom_observability.ids import Names, day_of, execution_of
from timeloom_observability.model import EPOCH, Event, EventType

PROJECT = UUID("018f0000-0000-7000-8000-000000000001")
TRACE = bytes(range(16))
SPAN = bytes(range(8))
TIMES = st.integers(946_684_800 * 10**9, 4_102_444_800 * 10**9)


@given(
    start_ns=TIMES, trace_id=st.binary(min_size=16, max_size=16), span_id=st.binary(min_size=8, max_size=8)
)
def test_an_id_is_a_version_7_uuid_that_is_always_the_same(
    start_ns: int, trace_id: bytes, span_id: bytes
) -> None:
    event_id = Names(PROJECT).span(start_ns, trace_id, span_id)

    assert event_id == Names(PROJECT).span(start_ns, trace_id, span_id)
    assert (event_id.version, event_id.variant) == (7, "specified in RFC 4122")
    assert event_id.int >> 80 == start_ns // 1_000_000


@given(first=TIMES, second=TIMES)
def test_ids_sort_by_time_and_tell_the_day(first: int, second: int) -> None:
    earlier, later = sorted((first, second))
    names = Names(PROJECT)

    if earlier // 1_000_000 < later // 1_000_000:
        assert names.span(earlier, TRACE, SPAN) < names.span(later, TRACE, SPAN)
    event = Event(id=names.span(first, TRACE, SPAN), type=EventType.SPAN, name="", start_ns=first)
    assert day_of(event.id) == event.start_time.date()


def test_what_is_another_thing_has_another_id() -> None:
    names, others = Names(PROJECT), Names(UUID(int=1))
    ids = [
        names.span(0, TRACE, SPAN),
        others.span(0, TRACE, SPAN),
        names.span(0, TRACE, SPAN[::-1]),
        names.span(0, TRACE[::-1], SPAN),
        names.moment(0, TRACE, SPAN, 0),
        names.moment(0, TRACE, SPAN, 1),
        names.content(0, b"a", b"bc"),
        names.content(0, b"ab", b"c"),
        names.content(0, TRACE + SPAN),
    ]

    assert len(set(ids)) == len(ids)


def test_a_trace_is_one_execution_of_its_project() -> None:
    assert execution_of(PROJECT, TRACE.hex()) == execution_of(PROJECT, TRACE.hex())
    assert execution_of(PROJECT, TRACE.hex()) != execution_of(UUID(int=1), TRACE.hex())


def test_an_event_knows_its_times_to_the_microsecond() -> None:
    event = Event(
        id=UUID(int=0), type=EventType.SPAN, name="", start_ns=1_795_391_478_074_223_336, duration_ns=1_999
    )

    assert (event.start_time - EPOCH).total_seconds() == 1_795_391_478.074223
    assert (event.end_time - event.start_time).microseconds == 2
    assert event.is_root
