"""Log records as events."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from timeloom_observability.model import Event, EventStatus, EventType, Severity
from timeloom_observability.otlp.outcome import Outcome, RejectedError
from timeloom_observability.otlp.receiver import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    Receiver,
    Source,
    check_bytes,
    check_count,
    checked_id,
    execution_in,
    kept_message,
    kept_name,
    message_in,
    source_of,
)
from timeloom_observability.otlp.scores import scores_in
from timeloom_observability.otlp.wire import Form
from timeloom_observability.semantics.json_text import encoded
from timeloom_observability.semantics.meaning import fields_of_report, fields_of_span

BODY: Final = "log.body"
"""The attribute that keeps a body which is no text."""

UNNAMED: Final = "log"
"""The name of records that have none."""

_LABEL_LENGTH_MAX: Final = 100
_SEVERITY_STEP: Final = 4
_SEVERITY_MAX: Final = 24
_OUTPUTS: Final = frozenset({"gen_ai.choice", "gen_ai.assistant.message"})
_INPUTS: Final = frozenset({"gen_ai.user.message", "gen_ai.system.message", "gen_ai.tool.message"})
"""Log records of older conventions, whose body is a message."""


def read_logs(data: bytes, form: Form, receiver: Receiver) -> Outcome:
    """Returns the events of a request; records that cannot be kept are rejected one by one.

    Raises:
        MalformedTelemetryError: The request cannot be decoded.
    """
    outcome = Outcome()
    position = 0
    for resource_logs in form.logs(data).resource_logs:
        for scope_logs in resource_logs.scope_logs:
            try:
                source = source_of(form, resource_logs.resource, scope_logs.scope)
            except RejectedError as error:
                label = f"each log record of scope {scope_logs.scope.name[:_LABEL_LENGTH_MAX]!r}"
                outcome.reject(label, error, count=len(scope_logs.log_records))
                position += len(scope_logs.log_records)
                continue
            for record in scope_logs.log_records:
                position += 1
                try:
                    _read(record, form, receiver, source, outcome)
                except RejectedError as error:
                    outcome.reject(f"log record {position}", error)
    return outcome


def _read(record: LogRecord, form: Form, receiver: Receiver, source: Source, outcome: Outcome) -> None:
    """Adds a record's event, and the scores that are told with it."""
    trace_id = checked_id(record.trace_id, "trace id", TRACE_ID_BYTES) if any(record.trace_id) else b""
    span_id = checked_id(record.span_id, "span id", SPAN_ID_BYTES) if any(record.span_id) else b""
    check_count(len(record.attributes))
    attributes = form.attributes(record.attributes)
    body = form.value(record.body)
    sent_ns = record.time_unix_nano or record.observed_time_unix_nano or receiver.now_ns
    said = encoded([sent_ns, record.event_name, int(record.severity_number), body, attributes])
    start_ns = receiver.kept_ns(sent_ns, attributes)
    scores = scores_in(attributes, receiver, trace_id=trace_id, span_id=span_id, start_ns=start_ns)
    fields = _fields(record, body, attributes, start_ns=start_ns, source=source, receiver=receiver)
    if start_ns != sent_ns:
        outcome.warn(f"log record {fields['name']!r}", "its time is far off, and kept as near as is allowed")
    outcome.events.append(
        Event(
            id=receiver.names.content(start_ns, b"log", trace_id, span_id, source.resource, said),
            type=EventType.LOG,
            trace_id=trace_id.hex(),
            span_id=span_id.hex(),
            start_ns=start_ns,
            service_name=source.service_name,
            scope_name=source.scope_name,
            resource=source.resource,
            **fields,
        )
    )
    outcome.scores += scores


def _fields(
    record: LogRecord,
    body: Any,
    attributes: dict[str, Any],
    *,
    start_ns: int,
    source: Source,
    receiver: Receiver,
) -> dict[str, Any]:
    """Returns what is not the same for all records.

    What belongs to a span is told by that span: only a record without one has a kind, tokens and a cost.
    """
    told = record.event_name or attributes.get("event.name")
    name = kept_name(told, attributes) if isinstance(told, str) and told else UNNAMED
    message = _take_body(name, body, attributes)
    if any(record.span_id):
        fields = fields_of_report(attributes)
    else:
        fields = fields_of_span(
            attributes,
            name="",
            scope_name=source.scope_name,
            is_remote=False,
            start_ns=start_ns,
            prices=receiver.prices,
        )
    severity = _severity(record.severity_number)
    if severity >= Severity.ERROR or "error_type" in fields:
        fields["status"] = EventStatus.ERROR
        severity = max(severity, Severity.ERROR)
    fields["name"] = name
    fields["severity"] = severity
    fields["message"] = message or message_in(attributes)
    fields["execution_id"] = execution_in(attributes)
    _keep_rest(record, attributes)
    fields["attributes"] = encoded(attributes)
    check_bytes(fields)
    return fields


def _take_body(name: str, body: Any, attributes: dict[str, Any]) -> str:
    """Returns what a record says, if it is a text; what else it is goes among the attributes."""
    if isinstance(body, str):
        return kept_message(body, attributes)
    if body is not None:
        attributes["output.value" if name in _OUTPUTS else "input.value" if name in _INPUTS else BODY] = body
    return ""


def _severity(number: int) -> Severity:
    """Returns the range that a severity number is in."""
    known = 1 <= number <= _SEVERITY_MAX
    return Severity((number - 1) // _SEVERITY_STEP + 1) if known else Severity.UNSPECIFIED


def _keep_rest(record: LogRecord, attributes: dict[str, Any]) -> None:
    """Keeps what an event has no field for among its attributes."""
    if record.severity_text:
        attributes["otel.severity_text"] = record.severity_text
    if record.dropped_attributes_count:
        attributes["otel.dropped_attributes_count"] = record.dropped_attributes_count
