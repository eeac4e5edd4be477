"""Trace contexts are handed on; spans are made where somebody collects them."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from timeloom_platform.telemetry import (
    Tracing,
    current_traceparent,
    current_tracing,
    is_sampled,
    outgoing_traceparent,
)

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


class Recorder:
    """Tracing into memory."""

    def __init__(self, ratio: float = 0.0) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(tracer=provider.get_tracer("test"), sample_ratio=ratio)

    @property
    def spans(self) -> dict[str, object]:
        return {span.name: span for span in self._exporter.get_finished_spans()}


@pytest.mark.parametrize(
    ("traceparent", "sampled"),
    [
        (SAMPLED, True),
        (UNSAMPLED, False),
        (SAMPLED.replace("-01", "-03"), True),
        ("", False),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        (SAMPLED.upper(), False),
        (SAMPLED + "-extra", False),
        ("nonsense", False),
    ],
)
def test_reads_a_traceparent(traceparent: str, *, sampled: bool) -> None:
    assert is_sampled(traceparent) is sampled


def test_hands_the_callers_context_on_where_nothing_is_collected() -> None:
    with Tracing.disabled().span("work", traceparent=SAMPLED) as span:
        assert (span, current_traceparent(), outgoing_traceparent()) == (None, SAMPLED, SAMPLED)
    assert outgoing_traceparent() == ""


def test_follows_the_callers_decision() -> None:
    recorder = Recorder(ratio=1.0)

    with recorder.tracing.span("unsampled", traceparent=UNSAMPLED):
        assert (current_traceparent(), outgoing_traceparent()) == ("", UNSAMPLED)
    with recorder.tracing.span("sampled", traceparent=SAMPLED):
        assert current_traceparent().startswith("00-0af7651916cd43dd8448eb211c80319c-")

    assert list(recorder.spans) == ["sampled"]


def test_samples_by_the_ratio_where_nobody_decided() -> None:
    always, never = Recorder(ratio=1.0), Recorder(ratio=0.0)

    with always.tracing.span("a"):
        assert is_sampled(outgoing_traceparent())
    with never.tracing.span("b"):
        assert current_traceparent() == ""
        assert outgoing_traceparent().endswith("-00")

    assert (list(always.spans), list(never.spans)) == (["a"], [])


def test_spans_stand_below_one_another() -> None:
    recorder = Recorder(ratio=1.0)

    with recorder.tracing.span("outer", kind="server", attributes={"rpc.method": "m"}) as outer:
        assert outer is not None
        with current_tracing().span("inner") as inner:
            assert inner is not None
        after = outgoing_traceparent()

    parent = inner.parent  # type: ignore[attr-defined]  # of the SDK's span
    assert parent.span_id == outer.get_span_context().span_id
    assert after.split("-")[2] == f"{outer.get_span_context().span_id:016x}"
    assert outer.attributes == {"rpc.method": "m"}  # type: ignore[attr-defined]  # of the SDK's span


def test_a_span_tells_the_type_of_an_error_and_not_its_text() -> None:
    recorder = Recorder(ratio=1.0)

    with pytest.raises(ValueError, match="secret"), recorder.tracing.span("work"):
        raise ValueError("secret")

    (span,) = recorder.spans.values()
    assert span.status.status_code is StatusCode.ERROR  # type: ignore[attr-defined]  # of the SDK's span
    assert "secret" not in span.to_json()  # type: ignore[attr-defined]  # of the SDK's span
    assert "ValueError" in span.to_json()  # type: ignore[attr-defined]  # of the SDK's span
