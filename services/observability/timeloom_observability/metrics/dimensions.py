"""What series of metrics are told apart by, as filters and groups name it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.metrics.totals import Row

COLUMNS: Final = {
    "types": "type",
    "kinds": "kind",
    "statuses": "status",
    "names": "name",
    "agent_ids": "agent_id",
    "models": "model",
    "providers": "provider",
    "tool_names": "tool_name",
    "service_names": "service_name",
    "error_types": "error_type",
}
"""Fields of a filter that hold the values of one column, one of which an event must have."""

SEVERITY_MIN: Final = "severity_min"
NUMBERS: Final = frozenset({"type", "kind", "status", "severity"})
"""Columns of numbers. The others are texts, which series may be without where a project has too many."""

_TIMES: Final = frozenset({"started_after", "started_before"})
_OF_SERIES: Final = frozenset(COLUMNS) | {SEVERITY_MIN}

_NAMES: Final[Mapping[str, Mapping[int, str]]] = {
    column: {int(number): name.removeprefix(prefix) if number else "" for name, number in enum.items()}
    for column, enum, prefix in (
        ("type", pb.EventType, "EVENT_TYPE_"),
        ("kind", pb.EventKind, "EVENT_KIND_"),
        ("status", pb.EventStatus, "EVENT_STATUS_"),
        ("severity", pb.Severity, "SEVERITY_"),
    )
}


def given(event_filter: EventFilter) -> frozenset[str]:
    """Returns the fields of a filter that leave events out, besides times."""
    return frozenset(field.name for field, _ in event_filter.ListFields()) - _TIMES


def is_of_series(event_filter: EventFilter) -> bool:
    """Returns whether series and times tell which events a filter means."""
    return given(event_filter) <= _OF_SERIES


def texts_in(event_filter: EventFilter, group_by: Collection[str] = ()) -> bool:
    """Returns whether a filter or group asks for texts of series."""
    named = {COLUMNS.get(name, name) for name in given(event_filter) - {SEVERITY_MIN}}
    return not (named | set(group_by)) <= NUMBERS


def without_series(event_filter: EventFilter) -> EventFilter:
    """Returns what a filter asks for besides what series tell."""
    left = EventFilter()
    for field, value in event_filter.ListFields():
        if field.name in _OF_SERIES:
            continue
        if field.is_repeated:
            getattr(left, field.name).extend(value)
        elif field.message_type is not None:
            getattr(left, field.name).CopyFrom(value)
        else:
            setattr(left, field.name, value)
    return left


def told(column: str, value: int | str) -> str:
    """Returns a value as REST shows it: an enum's by its short name, as filters take it; empty for none."""
    return _NAMES[column][int(value)] if column in NUMBERS else str(value)


class SeriesFilter:
    """Decides of series what a filter asks of them, column by column."""

    def __init__(self, event_filter: EventFilter) -> None:
        self._wanted = {
            column: frozenset(values)
            for name, column in COLUMNS.items()
            if (values := getattr(event_filter, name))
        }
        self._severity_min: int = event_filter.severity_min

    def missed(self, series: Row) -> list[str]:
        """Returns the columns in which a series has a value that the filter does not want."""
        missed = [column for column, wanted in self._wanted.items() if series[column] not in wanted]
        if series["severity"] < self._severity_min:
            missed.append("severity")
        return missed
