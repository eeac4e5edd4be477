"""What reading records has in common: for whom it is done, who reported them, and what is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from timeloom_observability.ids import Names
from timeloom_observability.limits import (
    ATTRIBUTES_MAX,
    MESSAGE_LENGTH_MAX,
    NAME_LENGTH_MAX,
    RECORD_BYTES_MAX,
    RESOURCE_BYTES_MAX,
    TIME_AHEAD_MAX_NS,
    TIME_MIN_NS,
)
from timeloom_observability.otlp.outcome import RejectedError
from timeloom_observability.otlp.wire import Form
from timeloom_observability.pricing.table import PriceTable
from timeloom_observability.semantics.json_text import encoded
from timeloom_observability.semantics.rules import plain, word

_DAY_NS: Final = 24 * 3600 * 1_000_000_000
TRACE_ID_BYTES: Final = 16
SPAN_ID_BYTES: Final = 8

EXECUTION: Final = "timeloom.execution.id"
SENT_START: Final = "timeloom.sent.start_time_unix_nano"
SENT_NAME: Final = "timeloom.sent.name"
SENT_MESSAGE: Final = "timeloom.sent.message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """For one request of one project."""

    names: Names
    prices: PriceTable
    now_ns: int

    def kept_ns(self, sent_ns: int, attributes: dict[str, Any]) -> int:
        """Returns the time at which an event is kept; one far off stays in its attributes as it was sent.

        What is too far ahead is kept at the beginning of the day after tomorrow: it has one id all day.
        """
        if TIME_MIN_NS <= sent_ns <= self.now_ns + TIME_AHEAD_MAX_NS:
            return sent_ns
        attributes[SENT_START] = sent_ns
        return TIME_MIN_NS if sent_ns < TIME_MIN_NS else (self.now_ns // _DAY_NS + 2) * _DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who reported something.

    Attributes:
        resource: What is known of it, as JSON.
    """

    service_name: str
    scope_name: str
    resource: bytes


def source_of(form: Form, resource: Resource, scope: InstrumentationScope) -> Source:
    """Returns the source of what a scope reports.

    Raises:
        RejectedError: It says more of itself than is taken; so nothing of it is.
    """
    check_count(len(resource.attributes))
    known = form.attributes(resource.attributes)
    service_name = word(known.get("service.name")) or ""
    if scope.version:
        known["otel.scope.version"] = scope.version
    if scope.attributes:
        known["otel.scope.attributes"] = form.attributes(scope.attributes)
    told = encoded(known)
    if len(told) > RESOURCE_BYTES_MAX:
        raise RejectedError(f"its resource takes {len(told)} bytes; at most {RESOURCE_BYTES_MAX} are taken")
    return Source(service_name=service_name, scope_name=plain(scope.name[:NAME_LENGTH_MAX]), resource=told)


def checked_id(sent: bytes, what: str, length: int) -> bytes:
    """Returns an id; a record without a valid one is rejected."""
    if len(sent) != length or not any(sent):
        raise RejectedError(f"its {what} is not {length} bytes, or all of them are zero")
    return sent


def check_count(count: int) -> None:
    """Rejects records with too many attributes before they are looked at."""
    if count > ATTRIBUTES_MAX:
        raise RejectedError(f"it has {count} attributes; at most {ATTRIBUTES_MAX} are taken")


def check_bytes(fields: dict[str, Any]) -> None:
    """Rejects records that would take too much."""
    size = len(fields["attributes"]) + len(fields.get("input", b"")) + len(fields.get("output", b""))
    if size > RECORD_BYTES_MAX:
        raise RejectedError(f"it takes {size} bytes as JSON; at most {RECORD_BYTES_MAX} are taken")


def execution_in(attributes: Mapping[str, Any]) -> UUID | None:
    """Returns the execution that something says to be a part of."""
    said = attributes.get(EXECUTION)
    if not isinstance(said, str):
        return None
    try:
        return UUID(said)
    except ValueError:
        return None


def message_in(attributes: dict[str, Any]) -> str:
    """Returns what an error says."""
    said = attributes.get("error.message") or attributes.get("exception.message")
    return kept_message(said, attributes) if isinstance(said, str) else ""


def kept_name(name: str, attributes: dict[str, Any]) -> str:
    """Returns a name as long as it may be; a longer one stays whole in the attributes."""
    if len(name) > NAME_LENGTH_MAX:
        attributes[SENT_NAME] = name
    return plain(name[:NAME_LENGTH_MAX])


def kept_message(message: str, attributes: dict[str, Any]) -> str:
    """Returns a message as long as it may be; likewise."""
    if len(message) > MESSAGE_LENGTH_MAX:
        attributes[SENT_MESSAGE] = message
    return plain(message[:MESSAGE_LENGTH_MAX])
