"""Which events of telemetry a filter means, decided from an event alone.

Whoever follows events live (the gateway, the observability service, its alerts) asks this; the database
answers the same questions of what is stored. A filter becomes a list of conditions once, so that an event
takes those that were asked for and no others.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias

from google.protobuf.timestamp_pb2 import Timestamp

from timeloom.observability.v1.observability_pb2 import Event, EventFilter, EventType
from timeloom_platform.errors import InvalidFieldError

Condition: TypeAlias = Callable[[Event], bool]

_ONE_OF: Final = {
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
"""Fields of a filter of which one value must be the event's, and where the event has it."""

_EQUAL: Final = ("trace_id", "execution_id", "session_id", "user_id")
_WORD: Final = re.compile(r"\w+")


def matcher(event_filter: EventFilter) -> Condition:
    """Returns whether an event is one of those that a filter means.

    Attributes are known only of events that have them: those that are told live do not (`require_live`).
    Words are looked for in names, messages and previews.
    """
    conditions = [*_values(event_filter), *_ranges(event_filter), *_contents(event_filter)]

    def matches(event: Event) -> bool:
        return all(condition(event) for condition in conditions)

    return matches


def require_live(event_filter: EventFilter) -> None:
    """Refuses what cannot be told from the summaries by which events are told live.

    Raises:
        InvalidFieldError: The filter asks for attributes.
    """
    if event_filter.attributes:
        raise InvalidFieldError.of(
            "filter.attributes", "cannot be followed live: events are told without them"
        )


def _values(event_filter: EventFilter) -> list[Condition]:
    """Returns the conditions on what an event is or belongs to."""
    conditions: list[Condition] = []
    for plural, field in _ONE_OF.items():
        if wanted := frozenset(getattr(event_filter, plural)):
            conditions.append(_one_of(field, wanted))
    conditions.extend(_one_of(field, (value,)) for field in _EQUAL if (value := getattr(event_filter, field)))
    if tags := frozenset(event_filter.tags):
        conditions.append(lambda event: tags.issubset(event.tags))
    if event_filter.roots_only:
        conditions.append(lambda event: event.type == EventType.EVENT_TYPE_SPAN and not event.parent_span_id)
    return conditions


def _one_of(field: str, wanted: Collection[Any]) -> Condition:
    return lambda event: getattr(event, field) in wanted


def _ranges(event_filter: EventFilter) -> list[Condition]:
    """Returns the conditions on what has an order."""
    conditions: list[Condition] = []
    if severity := event_filter.severity_min:
        conditions.append(lambda event: event.severity >= severity)
    if event_filter.HasField("started_after"):
        after = _instant(event_filter.started_after)
        conditions.append(lambda event: _instant(event.start_time) >= after)
    if event_filter.HasField("started_before"):
        before = _instant(event_filter.started_before)
        conditions.append(lambda event: _instant(event.start_time) < before)
    if shortest := event_filter.duration_ms_min:
        conditions.append(lambda event: event.duration_ms >= shortest)
    if longest := event_filter.duration_ms_max:
        conditions.append(lambda event: event.duration_ms < longest)
    return conditions


def _instant(time: Timestamp) -> tuple[int, int]:
    return time.seconds, time.nanos


def _contents(event_filter: EventFilter) -> list[Condition]:
    """Returns the conditions that look into what was sent."""
    conditions: list[Condition] = []
    if attributes := [pair.partition("=") for pair in event_filter.attributes]:
        conditions.append(
            lambda event: (
                bool(told := _told(event.attributes))
                and all(told.get(name) == value for name, _, value in attributes)
            )
        )
    if words := _words(event_filter.words):
        conditions.append(
            lambda event: words.issubset(
                _words(f"{event.name} {event.message} {event.input_preview} {event.output_preview}")
            )
        )
    return conditions


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))


def _told(attributes: bytes) -> dict[str, str]:
    """Returns attributes by their names, their values as texts; what is null is not told."""
    document: dict[str, Any] = json.loads(attributes or b"{}")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in document.items()
        if value is not None
    }
