"""The signals of OpenTelemetry: where each is sent, how it is read, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from timeloom_observability.otlp.logs import read_logs
from timeloom_observability.otlp.metrics import read_metrics
from timeloom_observability.otlp.outcome import Outcome
from timeloom_observability.otlp.receiver import Receiver
from timeloom_observability.otlp.traces import read_traces
from timeloom_observability.otlp.wire import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One of the signals.

    Attributes:
        name: As paths and metrics have it.
        service: Its service of gRPC.
        read: Returns what a request comes to.
        accepted: Says that all of a request is kept.
        partly_accepted: Says how many records are not, and why; none, if it is only a warning.
    """

    name: str
    service: str
    read: Callable[[bytes, Form, Receiver], Outcome]
    accepted: Message
    partly_accepted: Callable[[int, str], Message]

    @property
    def path(self) -> str:
        """Where it is sent over HTTP."""
        return f"/v1/{self.name}"

    @property
    def method(self) -> str:
        """Its method of gRPC."""
        return f"/opentelemetry.proto.collector.{self.service}/Export"

    def answer(self, outcome: Outcome) -> Message:
        """Returns what is answered; a request of which all is kept gets no partial success."""
        if not outcome.message:
            return self.accepted
        return self.partly_accepted(outcome.rejected_count, outcome.message)


def _traces(rejected: int, message: str) -> Message:
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return ExportTraceServiceResponse(partial_success=partial)


def _logs(rejected: int, message: str) -> Message:
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return ExportLogsServiceResponse(partial_success=partial)


def _metrics(rejected: int, message: str) -> Message:
    partial = ExportMetricsPartialSuccess(rejected_data_points=rejected, error_message=message)
    return ExportMetricsServiceResponse(partial_success=partial)


SIGNALS: Final = (
    Signal(
        name="traces",
        service="trace.v1.TraceService",
        read=read_traces,
        accepted=ExportTraceServiceResponse(),
        partly_accepted=_traces,
    ),
    Signal(
        name="logs",
        service="logs.v1.LogsService",
        read=read_logs,
        accepted=ExportLogsServiceResponse(),
        partly_accepted=_logs,
    ),
    Signal(
        name="metrics",
        service="metrics.v1.MetricsService",
        read=read_metrics,
        accepted=ExportMetricsServiceResponse(),
        partly_accepted=_metrics,
    ),
)

BY_PATH: Final[Mapping[str, Signal]] = {signal.path: signal for signal in SIGNALS}
BY_METHOD: Final[Mapping[str, Signal]] = {signal.method: signal for signal in SIGNALS}
