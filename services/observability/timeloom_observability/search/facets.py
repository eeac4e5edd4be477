"""The facets of events, and those that a filter asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from timeloom.observability.v1.observability_pb2 import EventFilter
from timeloom_observability.model import EventType, Severity
from timeloom_observability.search.documents import facet
from timeloom_observability.search.queries import quoted
from timeloom_observability.search.texts import Row
from timeloom_observability.search.words import words_of

_COLUMNS: Final = (
    "type",
    "kind",
    "status",
    "severity",
    "name",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "error_type",
    "session_id",
    "user_id",
    "execution_id",
)
_NUMBERS: Final = {"types": "type", "kinds": "kind", "statuses": "status"}
_TEXTS: Final = {
    "names": "name",
    "agent_ids": "agent_id",
    "models": "model",
    "providers": "provider",
    "tool_names": "tool_name",
    "service_names": "service_name",
    "error_types": "error_type",
}
_EQUAL: Final = ("trace_id", "session_id", "user_id", "execution_id")
_ROOT: Final = facet("is", "root")


def facets_of(row: Row) -> Iterator[str]:
    """Yields the facets of an event, from a row of `events`."""
    for column in _COLUMNS:
        value = row[column]
        if value is not None and value != "":
            yield facet(column, value)
    if (trace_id := row["trace_id"]) is not None:
        yield facet("trace_id", trace_id.hex())
    if row["type"] == EventType.SPAN and row["parent_span_id"] is None:
        yield _ROOT
    for tag in set(row["tags"]):
        yield facet("tag", tag)


def project_facet(project_id: UUID) -> str:
    """Returns the facet of all events of a project."""
    return facet("project", project_id.hex[:12])


def block_facet(number: int) -> str:
    """Returns the facet of all events of a block."""
    return facet("block", number)


def asked_for(event_filter: EventFilter) -> Sequence[str]:
    """Returns what PostgreSQL is asked for a filter, each to be held; what facets do not tell is left out."""
    asked = [
        _any_of(column, sorted(set(values)))
        for plural, column in (_NUMBERS | _TEXTS).items()
        if (values := getattr(event_filter, plural)) and "" not in values
    ]
    asked += [_any_of(column, [value]) for column in _EQUAL if (value := getattr(event_filter, column))]
    asked += [quoted(facet("tag", tag)) for tag in sorted(set(event_filter.tags))]
    if event_filter.severity_min:
        asked.append(_any_of("severity", [each for each in Severity if each >= event_filter.severity_min]))
    if event_filter.roots_only:
        asked.append(quoted(_ROOT))
    asked += [quoted(word[0]) for word in words_of(event_filter.words)]
    return asked


def tells_all(event_filter: EventFilter) -> bool:
    """Whether facets and ids decide all that a filter asks for, but for the fraction of a millisecond."""
    return not (
        event_filter.duration_ms_min
        or event_filter.duration_ms_max
        or event_filter.attributes
        or event_filter.words
        or any("" in getattr(event_filter, plural) for plural in _TEXTS)
    )


def any_block(numbers: Sequence[int]) -> str:
    """Returns what PostgreSQL is asked for the events of some blocks."""
    return _any_of("block", numbers)


def _any_of(name: str, values: Sequence[object]) -> str:
    return f"({' | '.join(quoted(facet(name, value)) for value in values)})"
