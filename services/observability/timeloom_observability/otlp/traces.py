"""Spans, and the moments in them, as events."""

from __future__ import annotations

from typing import Any, Final

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from timeloom_observability.limits import LINKS_MAX, MOMENTS_MAX
from timeloom_observability.model import Event, EventStatus, EventType, Link, Score, Severity
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

_STATUS_ERROR: Final = 2
_KINDS: Final = {2: "server", 3: "client", 4: "producer", 5: "consumer"}
_CLIENT: Final = 3
_SERVER: Final = "server.address"
"""Told by who calls another process; some call an agent of their own process a client's call, too."""
_DURATION_MAX_NS: Final = (1 << 63) - 1
_LABEL_LENGTH_MAX: Final = 100


def read_traces(data: bytes, form: Form, receiver: Receiver) -> Outcome:
    """Returns the events of a request; spans that cannot be kept are rejected one by one.

    Raises:
        MalformedTelemetryError: The request cannot be decoded.
    """
    reader = _Reader(form, receiver)
    for resource_spans in form.traces(data).resource_spans:
        for scope_spans in resource_spans.scope_spans:
            try:
                source = source_of(form, resource_spans.resource, scope_spans.scope)
            except RejectedError as error:
                label = f"each span of scope {scope_spans.scope.name[:_LABEL_LENGTH_MAX]!r}"
                reader.outcome.reject(label, error, count=len(scope_spans.spans))
                continue
            for span in scope_spans.spans:
                try:
                    reader.read(span, source)
                except RejectedError as error:
                    reader.outcome.reject(_label(span), error)
    return reader.outcome


class _Reader:
    """Reads the spans of one request."""

    def __init__(self, form: Form, receiver: Receiver) -> None:
        self.outcome = Outcome()
        self._form = form
        self._receiver = receiver

    def read(self, span: Span, source: Source) -> None:
        """Adds a span's event, those of its moments, and the scores that are told with them."""
        trace_id = checked_id(span.trace_id, "trace id", TRACE_ID_BYTES)
        span_id = checked_id(span.span_id, "span id", SPAN_ID_BYTES)
        sent = span.attributes
        check_count(len(sent))
        attributes = self._form.attributes(sent)
        start_ns = self._receiver.kept_ns(span.start_time_unix_nano, attributes)
        scores = scores_in(attributes, self._receiver, trace_id=trace_id, span_id=span_id, start_ns=start_ns)
        moments = self._moments(span, source, scores) if span.events else []
        fields = self._fields(span, attributes, start_ns, source, moments)
        event = Event(
            id=self._receiver.names.span(start_ns, trace_id, span_id),
            type=EventType.SPAN,
            trace_id=trace_id.hex(),
            span_id=span_id.hex(),
            parent_span_id=_parent(span.parent_span_id),
            start_ns=start_ns,
            duration_ns=self._duration_ns(span),
            service_name=source.service_name,
            scope_name=source.scope_name,
            resource=source.resource,
            **fields,
        )
        if span.start_time_unix_nano != start_ns:
            self.outcome.warn(_label(span), "its start time is far off, and kept as near as is allowed")
        self.outcome.events.append(event)
        self.outcome.events += moments
        self.outcome.scores += scores

    def _fields(
        self,
        span: Span,
        attributes: dict[str, Any],
        start_ns: int,
        source: Source,
        moments: list[Event],
    ) -> dict[str, Any]:
        """Returns what is not the same for all spans."""
        name = kept_name(span.name, attributes)
        fields = fields_of_span(
            attributes,
            name=name,
            scope_name=source.scope_name,
            is_remote=span.kind == _CLIENT and _SERVER in attributes,
            start_ns=start_ns,
            prices=self._receiver.prices,
        )
        fields["name"] = name
        fields["execution_id"] = execution_in(attributes)
        _tell_outcome(span, attributes, fields, moments)
        for moment in moments:
            _tell_contents(moment, fields)
        if span.links:
            fields["links"] = self._links(span)
        _keep_rest(span, attributes)
        fields["attributes"] = encoded(attributes)
        check_bytes(fields)
        return fields

    def _duration_ns(self, span: Span) -> int:
        """Returns how long a span took; nothing if it has no beginning, or no end after it."""
        if not span.start_time_unix_nano:
            return 0
        duration_ns = span.end_time_unix_nano - span.start_time_unix_nano
        if duration_ns < 0:
            self.outcome.warn(_label(span), "it does not end after its beginning, and is kept as a moment")
        return min(max(duration_ns, 0), _DURATION_MAX_NS)

    def _moments(self, span: Span, source: Source, scores: list[Score]) -> list[Event]:
        """Returns the events of what happened within a span."""
        dropped = len(span.events) - MOMENTS_MAX
        if dropped > 0:
            self.outcome.warn(_label(span), f"{dropped} of its events are dropped; {MOMENTS_MAX} are kept")
        return [
            self._moment(span, ordinal, moment, source, scores)
            for ordinal, moment in enumerate(span.events[:MOMENTS_MAX])
        ]

    def _moment(
        self, span: Span, ordinal: int, moment: Span.Event, source: Source, scores: list[Score]
    ) -> Event:
        trace_id, span_id = span.trace_id, span.span_id
        check_count(len(moment.attributes))
        attributes = self._form.attributes(moment.attributes)
        start_ns = self._receiver.kept_ns(moment.time_unix_nano, attributes)
        scores += scores_in(attributes, self._receiver, trace_id=trace_id, span_id=span_id, start_ns=start_ns)
        fields = fields_of_report(attributes)
        fields["name"] = kept_name(moment.name, attributes)
        if "error_type" in fields:
            fields["status"], fields["severity"] = EventStatus.ERROR, Severity.ERROR
        fields["message"] = message_in(attributes)
        fields["attributes"] = encoded(attributes)
        check_bytes(fields)
        return Event(
            id=self._receiver.names.moment(start_ns, trace_id, span_id, ordinal),
            type=EventType.SPAN_EVENT,
            trace_id=trace_id.hex(),
            span_id=span_id.hex(),
            start_ns=start_ns,
            service_name=source.service_name,
            scope_name=source.scope_name,
            resource=source.resource,
            **fields,
        )

    def _links(self, span: Span) -> tuple[Link, ...]:
        """Returns the links that lead somewhere."""
        dropped = len(span.links) - LINKS_MAX
        if dropped > 0:
            self.outcome.warn(_label(span), f"{dropped} of its links are dropped; {LINKS_MAX} are kept")
        return tuple(
            Link(
                trace_id=link.trace_id.hex(),
                span_id=link.span_id.hex(),
                attributes=encoded(self._form.attributes(link.attributes)),
            )
            for link in span.links[:LINKS_MAX]
            if len(link.trace_id) == TRACE_ID_BYTES and len(link.span_id) == SPAN_ID_BYTES
        )


def _label(span: Span) -> str:
    """Returns how a span's sender knows it."""
    return f"span {span.span_id.hex() or 'without an id'} {span.name[:_LABEL_LENGTH_MAX]!r}"


def _parent(span_id: bytes) -> str:
    """Returns the id of a span's parent; empty for a root, whose parent some send as zeros."""
    return checked_id(span_id, "parent span id", SPAN_ID_BYTES).hex() if any(span_id) else ""


def _tell_outcome(
    span: Span, attributes: dict[str, Any], fields: dict[str, Any], moments: list[Event]
) -> None:
    """Says how a span came out. One that nobody calls failed is well: few say so of those that are."""
    status = span.status
    if status.code != _STATUS_ERROR and "error_type" not in fields:
        fields["status"] = EventStatus.OK
        if status.message:
            fields["message"] = kept_message(status.message, attributes)
        return
    fields["status"], fields["severity"] = EventStatus.ERROR, Severity.ERROR
    thrown = next((moment for moment in reversed(moments) if moment.error_type), None)
    if thrown is not None:
        fields.setdefault("error_type", thrown.error_type)
    said = kept_message(status.message, attributes) or message_in(attributes)
    fields["message"] = said or (thrown.message if thrown is not None else "")


def _tell_contents(moment: Event, fields: dict[str, Any]) -> None:
    """Shows what went in and came out with a span that leaves saying so to a moment in it."""
    if moment.input is not None and "input" not in fields:
        fields["input"], fields["input_preview"] = moment.input, moment.input_preview
    if moment.output is not None and "output" not in fields:
        fields["output"], fields["output_preview"] = moment.output, moment.output_preview


def _keep_rest(span: Span, attributes: dict[str, Any]) -> None:
    """Keeps what an event has no field for among its attributes."""
    kind = _KINDS.get(span.kind)
    if kind is not None:
        attributes["span.kind"] = kind
    if span.trace_state:
        attributes["otel.trace_state"] = span.trace_state
    if span.dropped_attributes_count:
        attributes["otel.dropped_attributes_count"] = span.dropped_attributes_count
    if dropped := span.dropped_events_count + max(len(span.events) - MOMENTS_MAX, 0):
        attributes["otel.dropped_events_count"] = dropped
    if dropped := span.dropped_links_count + max(len(span.links) - LINKS_MAX, 0):
        attributes["otel.dropped_links_count"] = dropped
