"""Events as rows of a table: a column for each field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from timeloom.observability.v1 import observability_pb2 as pb
from timeloom.observability.v1.observability_pb2 import Event
from timeloom_observability.streams.documents import enum_names
from timeloom_observability.streams.parquet import Column, Kind

_TEXTS: Final = (
    "name",
    "message",
    "error_type",
    "trace_id",
    "span_id",
    "parent_span_id",
    "execution_id",
    "session_id",
    "user_id",
    "agent_id",
    "model",
    "provider",
    "tool_name",
    "service_name",
    "scope_name",
    "input_preview",
    "output_preview",
)
_DOCUMENTS: Final = ("input", "output", "attributes", "resource")
_ENUMS: Final = {
    "type": pb.EventType.DESCRIPTOR,
    "kind": pb.EventKind.DESCRIPTOR,
    "status": pb.EventStatus.DESCRIPTOR,
    "severity": pb.Severity.DESCRIPTOR,
}
_TIMES: Final = ("start_time", "end_time", "receive_time")
_TOKENS: Final = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
)


def _text(name: str) -> Column[Event]:
    return Column(name=name, kind=Kind.TEXT, read=lambda event: getattr(event, name).encode())


def _document(name: str) -> Column[Event]:
    return Column(name=name, kind=Kind.TEXT, read=lambda event: getattr(event, name) or None)


def _enum(name: str) -> Column[Event]:
    names = {number: text.encode() for number, text in enum_names(_ENUMS[name]).items()}
    return Column(name=name, kind=Kind.TEXT, read=lambda event: names.get(getattr(event, name)))


def _time(name: str) -> Column[Event]:
    return Column(name=name, kind=Kind.TIME, read=lambda event: getattr(event, name).ToMicroseconds())


def _tokens(name: str) -> Column[Event]:
    def read(event: Event) -> int | None:
        return int(getattr(event.usage, name)) if event.HasField("usage") else None

    return Column(name=name, kind=Kind.INTEGER, read=read)


def _cost(name: str, read: Callable[[pb.Cost], Any], kind: Kind = Kind.NUMBER) -> Column[Event]:
    return Column(
        name=name, kind=kind, read=lambda event: read(event.cost) if event.HasField("cost") else None
    )


_SOURCES: Final = enum_names(pb.CostSource.DESCRIPTOR)


def _links(event: Event) -> bytes | None:
    """Returns the links as JSON."""
    if not event.links:
        return None
    return msgspec.json.encode(
        [
            {
                "traceId": link.trace_id,
                "spanId": link.span_id,
                "attributes": msgspec.Raw(link.attributes or b"{}"),
            }
            for link in event.links
        ]
    )


COLUMNS: Final[tuple[Column[Event], ...]] = (
    _text("id"),
    *map(_enum, _ENUMS),
    *map(_time, _TIMES),
    Column(name="duration_ms", kind=Kind.NUMBER, read=lambda event: event.duration_ms),
    *map(_text, _TEXTS),
    Column(name="tags", kind=Kind.TEXTS, read=lambda event: [tag.encode() for tag in event.tags]),
    *map(_tokens, _TOKENS),
    _cost("cost", lambda cost: cost.total),
    _cost("input_cost", lambda cost: cost.input),
    _cost("output_cost", lambda cost: cost.output),
    _cost("cost_source", lambda cost: _SOURCES[cost.source].encode(), Kind.TEXT),
    *map(_document, _DOCUMENTS),
    Column(name="links", kind=Kind.TEXT, read=_links),
)
