"""Counts and durations of the calls served, under the names that dashboards for gRPC expect.

The counting itself is plain arithmetic on integers, because it happens in every call; Prometheus' own
objects are made only when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from timeloom_platform.contract import MethodContract
from timeloom_platform.settings import ProcessSettings

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped, not in every process
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric
    from prometheus_client.registry import Collector

BUCKETS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class MethodCounts:
    """What was counted of one method."""

    __slots__ = ("buckets", "handled", "in_flight", "labels", "seconds", "started")

    def __init__(self, method: MethodContract) -> None:
        self.labels = (_kind(method), method.service, method.name)
        self.started = 0
        self.in_flight = 0
        self.handled: dict[str, int] = {}
        self.buckets = [0] * (len(BUCKETS_SECONDS) + 1)
        self.seconds = 0.0

    def begin(self) -> None:
        """Count a call that begins."""
        self.started += 1
        self.in_flight += 1

    def end(self, code: str, seconds: float) -> None:
        """Count its end with the name of a gRPC status code, such as NOT_FOUND."""
        self.in_flight -= 1
        self.handled[code] = self.handled.get(code, 0) + 1
        self.buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        self.seconds += seconds


class RpcMetrics:
    """The counts of all methods of a server; a collector for prometheus_client."""

    def __init__(self) -> None:
        self._methods: list[MethodCounts] = []

    def of(self, method: MethodContract) -> MethodCounts:
        """Return new counts for the method; asked for once a method."""
        counts = MethodCounts(method)
        self._methods.append(counts)
        return counts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they stand (prometheus_client's Collector protocol)."""
        from prometheus_client.core import (  # noqa: PLC0415 - see above
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        names = ["grpc_type", "grpc_service", "grpc_method"]
        started = CounterMetricFamily("grpc_server_started", "Calls that began.", labels=names)
        handled = CounterMetricFamily(
            "grpc_server_handled", "Calls that ended, by status.", labels=[*names, "grpc_code"]
        )
        in_flight = GaugeMetricFamily("grpc_server_in_flight", "Calls being served.", labels=names)
        seconds = HistogramMetricFamily(
            "grpc_server_handling_seconds", "How long calls took, in seconds.", labels=names
        )
        for counts in self._methods:
            started.add_metric(counts.labels, counts.started)
            in_flight.add_metric(counts.labels, counts.in_flight)
            seconds.add_metric(counts.labels, _cumulative(counts.buckets), counts.seconds)
            for code, number in list(counts.handled.items()):
                handled.add_metric((*counts.labels, _dashboard_code(code)), number)
        yield from (started, handled, in_flight, seconds)


def serve(listen: str, registry: CollectorRegistry | None = None) -> str:
    """Answer `GET /metrics` on `host:port` from a thread while the process lives; return the address."""
    from prometheus_client import REGISTRY, start_http_server  # noqa: PLC0415 - see above

    host, _, port = listen.rpartition(":")
    server, _ = start_http_server(int(port), addr=host.strip("[]"), registry=registry or REGISTRY)
    return f"{host}:{server.server_port}"


def publish(
    settings: ProcessSettings, *, service: str, collectors: Iterable[Collector]
) -> Coroutine[Any, Any, None] | None:
    """Serve the process's metrics for Prometheus, and return what sends them by OTLP; each if it is wanted.

    Args:
        settings: Say where.
        service: Whose metrics they are.
        collectors: Have them, besides what the process's registry has already.
    """
    if not settings.metrics_listen and not settings.otlp_endpoint:
        return None
    from prometheus_client import REGISTRY  # noqa: PLC0415 - see above

    for collector in collectors:
        REGISTRY.register(collector)
    if settings.metrics_listen:
        serve(settings.metrics_listen)
    if not settings.otlp_endpoint:
        return None
    from timeloom_platform.telemetry_export import export_metrics  # noqa: PLC0415 - see above

    return export_metrics(settings, service=service)


def _kind(method: MethodContract) -> str:
    if method.streams_requests:
        return "bidi_stream" if method.streams_responses else "client_stream"
    return "server_stream" if method.streams_responses else "unary"


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    pairs: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BUCKETS_SECONDS), "+Inf"), buckets, strict=True):
        total += count
        pairs.append((bound, total))
    return pairs


def _dashboard_code(code: str) -> str:
    """Return the code as gRPC's dashboards write it: NotFound for NOT_FOUND, but OK for OK."""
    return code if code == "OK" else code.title().replace("_", "")
