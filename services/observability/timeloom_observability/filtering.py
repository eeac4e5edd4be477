"""Which events a filter means, as conditions of SQL.

`timeloom_platform.event_filters` decides the same of an event alone. Conditions say what partial indexes are
made for, such as that there is an agent, so that these serve them in whatever plan. Ids begin with the
milliseconds of the start, so that bounds of time are bounds of ids, too, and leave partitions out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom.observability.v1.observability_service_pb2 import ListTracesRequest
from timeloom_observability.model import EPOCH, EventStatus, EventType, Severity
from timeloom_platform.errors import InvalidFieldError
from timeloom_platform.times import time_of

Ranges: TypeAlias = EventFilter | ListTracesRequest
"""What has bounds of time and of durations."""

DURATION_NS_MAX: Final = (1 << 63) - 1
_TIME_BITS: Final = 80
_TIME_MS_MAX: Final = (1 << 48) - 1
_TIME_MS_KNOWN_MAX: Final = (datetime.max.replace(tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_LAST_BUT_ONE: Final = datetime.max.replace(tzinfo=UTC) - _MICROSECOND
_MILLISECOND: Final = timedelta(milliseconds=1)
_MILLISECOND_NS: Final = 1_000_000

_NUMBERS: Final = {"types": "type", "kinds": "kind", "statuses": "status"}
_INDEXED_TEXTS: Final = {
    "agent_ids": "agent_id",
    "models": "model",
    "tool_names": "tool_name",
    "error_types": "error_type",
}
"""With indexes of the events that have one."""
_TEXTS: Final = {
    "names": "name",
    "providers": "provider",
    "service_names": "service_name",
}

_SAID: Final = (
    "lower((events.name || ' ' || events.message || ' ' || events.input_preview || ' ' ||"
    " events.output_preview) COLLATE pg_c_utf8)"
)
# What is in no part of a text is no word of it, and that is found out in a tenth of the time. PostgreSQL
# takes half of all events for such a CASE, and so looks at them in their order until there are enough.
_HAS_WORDS: Final = f"""
CASE WHEN strpos({_SAID}, lower({{}} COLLATE pg_c_utf8)) > 0 THEN
    regexp_split_to_array({_SAID}, '\\W+')
        @> array_remove(regexp_split_to_array(lower({{}} COLLATE pg_c_utf8), '\\W+'), '')
ELSE false END
"""
_WORD: Final = re.compile(r"\w+")


@dataclass(slots=True, kw_only=True)
class Conditions:
    """Conditions on rows of `events`, and the parameters that they name.

    Attributes:
        texts: All of them must hold; they name columns as `events.kind`.
        arguments: Of the statement, from `$1` on.
    """

    texts: list[str] = field(default_factory=list[str])
    arguments: list[object] = field(default_factory=list[object])

    @property
    def where(self) -> str:
        """All conditions as one."""
        return " AND ".join(self.texts)

    def argument(self, value: object) -> str:
        """Takes a parameter in, and returns what a statement calls it."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def add(self, text: str, *values: object) -> None:
        """Takes a condition in, which has `{}` for each of its parameters."""
        self.texts.append(text.format(*(self.argument(value) for value in values)))


def conditions_of(project_id: UUID, event_filter: EventFilter, *, path: str = "filter") -> Conditions:
    """Returns the conditions on a project's events that a filter means; the project is `$1`.

    Args:
        project_id: Whose events are meant.
        event_filter: Its fields follow the rules of the contract.
        path: What the request calls the filter.

    Raises:
        InvalidFieldError: A field makes no sense, or not with another one.
    """
    conditions = Conditions()
    conditions.add("events.project_id = {}", project_id)
    _add_values(conditions, event_filter)
    _add_texts(conditions, event_filter)
    _add_times(conditions, event_filter, path)
    _add_durations(conditions, event_filter, path)
    _add_contents(conditions, event_filter, path)
    return conditions


def first_id_at(time: datetime) -> UUID:
    """Returns the least id of an event that begins in the millisecond of a time, or later."""
    return _first_id((time - EPOCH) // _MILLISECOND)


def end_id_at(time: datetime) -> UUID:
    """Returns an id that is greater than all of events that begin before a time."""
    return _first_id(-((EPOCH - time) // _MILLISECOND))


def time_at(event_id: UUID) -> datetime:
    """Returns the millisecond in which an event began."""
    return EPOCH + min(event_id.int >> _TIME_BITS, _TIME_MS_KNOWN_MAX) * _MILLISECOND


def time_range(asked: Ranges, *, path: str = "filter") -> tuple[datetime | None, datetime | None]:
    """Returns the times from which on, and before which, something must have begun; to the microsecond.

    Args:
        asked: A filter, or a request that has the same fields.
        path: What the request calls the filter; empty if it is the request itself.

    Raises:
        InvalidFieldError: They are not within the years 1 to 9999, or nothing can be between them.
    """
    after = before = None
    if asked.HasField("started_after"):
        after = _reached(asked.started_after, _named(path, "startedAfter"))
    if asked.HasField("started_before"):
        before = _reached(asked.started_before, _named(path, "startedBefore"))
    if after is not None and before is not None and before <= after:
        raise InvalidFieldError.of(
            _named(path, "startedBefore"), f"must be later than {_named(path, 'startedAfter')}"
        )
    return after, before


def duration_range(asked: Ranges, *, path: str = "filter") -> tuple[int | None, int | None]:
    """Returns the nanoseconds that something must have taken at least, and those that it must not have.

    Args:
        asked: A filter, or a request that has the same fields.
        path: What the request calls the filter; empty if it is the request itself.

    Raises:
        InvalidFieldError: They are no durations, or nothing can be between them.
    """
    shortest, longest = asked.duration_ms_min, asked.duration_ms_max
    for name, value in (("durationMsMin", shortest), ("durationMsMax", longest)):
        # Not a number is not at least zero, either.
        if not value >= 0:
            raise InvalidFieldError.of(_named(path, name), "must be at least 0")
    if 0 < longest <= shortest:
        raise InvalidFieldError.of(
            _named(path, "durationMsMax"), f"must be greater than {_named(path, 'durationMsMin')}"
        )
    return _least_ns(shortest) if shortest else None, _least_ns(longest) if longest else None


def _named(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _add_values(conditions: Conditions, event_filter: EventFilter) -> None:
    """Adds what an event is: numbers of enums, and its place in its trace."""
    for plural, column in _NUMBERS.items():
        wanted: Sequence[int] = sorted(set(getattr(event_filter, plural)))
        if plural == "statuses" and wanted == [EventStatus.ERROR]:
            # As the index of errors has it.
            conditions.add("events.status = 2")
        elif len(wanted) == 1:
            conditions.add(f"events.{column} = {{}}", wanted[0])
        elif wanted:
            conditions.add(f"events.{column} = ANY ({{}}::smallint [])", wanted)
        if plural == "types" and wanted and EventType.SPAN not in wanted:
            conditions.add("events.type <> 1")
    if event_filter.severity_min >= Severity.WARN:
        conditions.add("events.severity >= 4 AND events.severity >= {}", event_filter.severity_min)
    elif event_filter.severity_min:
        conditions.add("events.severity >= {}", event_filter.severity_min)
    if event_filter.roots_only:
        conditions.add("events.type = 1 AND events.parent_span_id IS NULL")


def _add_texts(conditions: Conditions, event_filter: EventFilter) -> None:
    """Adds what an event belongs to."""
    for plural, column in (_INDEXED_TEXTS | _TEXTS).items():
        wanted = sorted(set(getattr(event_filter, plural)))
        if len(wanted) == 1:
            # An index has one value's events in their order, and those of several not.
            conditions.add(f"events.{column} = {{}}", wanted[0])
        elif wanted:
            conditions.add(f"events.{column} = ANY ({{}}::text [])", wanted)
        if plural in _INDEXED_TEXTS and wanted and "" not in wanted:
            conditions.add(f"events.{column} <> ''")
    for column in ("session_id", "user_id"):
        if value := getattr(event_filter, column):
            conditions.add(f"events.{column} = {{}} AND events.{column} <> ''", value)
    if event_filter.trace_id:
        conditions.add("events.trace_id = {}", bytes.fromhex(event_filter.trace_id))
    if event_filter.execution_id:
        conditions.add("events.execution_id = {}", UUID(event_filter.execution_id))
    if event_filter.tags:
        conditions.add("events.tags @> {}::text []", sorted(set(event_filter.tags)))


def _add_times(conditions: Conditions, event_filter: EventFilter, path: str) -> None:
    after, before = time_range(event_filter, path=path)
    if after is not None:
        conditions.add("events.id >= {} AND events.start_time >= {}", first_id_at(after), after)
    if before is not None:
        conditions.add("events.id < {} AND events.start_time < {}", end_id_at(before), before)


def _first_id(milliseconds: int) -> UUID:
    return UUID(int=min(max(milliseconds, 0), _TIME_MS_MAX) << _TIME_BITS)


def _reached(time: Timestamp, path: str) -> datetime:
    """Returns the first time that events can have, from a time on: they have them to the microsecond."""
    read = time_of(time, path)
    return min(read, _LAST_BUT_ONE) + _MICROSECOND if time.nanos % 1_000 else read


def _add_durations(conditions: Conditions, event_filter: EventFilter, path: str) -> None:
    least, end = duration_range(event_filter, path=path)
    if least is not None:
        conditions.add("events.duration_ns >= {}", least)
    if end is not None:
        conditions.add("events.duration_ns < {}", end)


def _least_ns(duration_ms: float) -> int:
    """Returns the least number of nanoseconds that is told as so many milliseconds, or more."""
    if duration_ms >= DURATION_NS_MAX / _MILLISECOND_NS:
        return DURATION_NS_MAX
    nanoseconds = math.ceil(duration_ms * _MILLISECOND_NS)
    while nanoseconds / _MILLISECOND_NS < duration_ms:
        nanoseconds += 1
    while (nanoseconds - 1) / _MILLISECOND_NS >= duration_ms:
        nanoseconds -= 1
    return nanoseconds


def _add_contents(conditions: Conditions, event_filter: EventFilter, path: str) -> None:
    """Adds what looks into an event; the plainest conditions stand first, and spare most events these."""
    for name, value in _attributes(event_filter, path):
        conditions.add("events.attributes ->> {} = {}", name, value)
    if event_filter.words:
        longest = max(_WORD.findall(event_filter.words), key=len, default="")
        conditions.add(_HAS_WORDS, longest, event_filter.words)


def _attributes(event_filter: EventFilter, path: str) -> Iterator[tuple[str, str]]:
    for index, pair in enumerate(event_filter.attributes):
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise InvalidFieldError.of(f"{path}.attributes[{index}]", "must be `name=value`")
        yield name, value
