"""What the doors count; plain arithmetic, as in `timeloom_platform.metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from timeloom_observability.ingesting import Ingestor
from timeloom_observability.otlp.outcome import Outcome

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped
    from prometheus_client.core import Metric


class DoorCounts:
    """Counts requests and what they bring; a collector for prometheus_client.

    Args:
        ingestor: Knows what waits to be committed.
    """

    def __init__(self, ingestor: Ingestor) -> None:
        self._ingestor = ingestor
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._bytes: Counter[str] = Counter()
        self._records: Counter[str] = Counter()
        self._rejected: Counter[str] = Counter()
        self.under_way = 0
        self.under_way_bytes = 0

    def answered(self, transport: str, signal: str, code: str) -> None:
        """Counts a request by how it was answered: the name of a status of gRPC, or a number of HTTP's."""
        self._requests[transport, signal, code] += 1

    def taken(self, signal: str, outcome: Outcome, size_bytes: int) -> None:
        """Counts what a request brought that was committed."""
        self._bytes[signal] += size_bytes
        self._records[signal] += len(outcome.events) + len(outcome.points)
        self._rejected[signal] += outcome.rejected_count

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics as they stand (prometheus_client's Collector protocol)."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily  # noqa: PLC0415 - see above

        requests = CounterMetricFamily(
            "otlp_requests",
            "Requests of OpenTelemetry that were answered.",
            labels=["transport", "signal", "code"],
        )
        for labels, number in list(self._requests.items()):
            requests.add_metric(labels, number)
        yield requests
        for name, documentation, counts in (
            ("otlp_request_bytes", "What was taken, decompressed.", self._bytes),
            ("otlp_records", "Events and points that were taken.", self._records),
            ("otlp_rejected_records", "Records that were rejected.", self._rejected),
        ):
            counter = CounterMetricFamily(name, documentation, labels=["signal"])
            for signal, number in list(counts.items()):
                counter.add_metric([signal], number)
            yield counter
        ingested = self._ingestor.counts
        for name, documentation, number in (
            ("ingest_commits", "Transactions of what arrived.", ingested.commits),
            ("ingest_events", "Events that were not there before.", ingested.events),
            ("ingest_refusals", "Requests for which there was no room.", ingested.refusals),
        ):
            yield CounterMetricFamily(name, documentation, value=number)
        for name, documentation, number in (
            ("otlp_under_way_requests", "Requests that were not answered yet.", self.under_way),
            ("otlp_under_way_bytes", "What they take.", self.under_way_bytes),
            ("ingest_waiting_bytes", "What waits to be committed.", self._ingestor.waiting_bytes),
        ):
            yield GaugeMetricFamily(name, documentation, value=number)
