"""Sends what is measured by OpenTelemetry's metrics."""

from __future__ import annotations

from typing import Final

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource

from timeloom.configuration import Configuration
from timeloom.errors import ConfigurationError
from timeloom.observing._sending import EXPORT_TIMEOUT_SECONDS, headers

INTERVAL_MS: Final = 15_000


class MetricSending:
    """Sends what the program's MeterProvider measures; it gets one if it has none."""

    def __init__(self, settings: Configuration, resource: Resource) -> None:
        self._provider = _provider(resource)
        self._reader = PeriodicExportingMetricReader(
            OTLPMetricExporter(
                endpoint=settings.otlp_endpoint, headers=headers(settings), timeout=EXPORT_TIMEOUT_SECONDS
            ),
            export_interval_millis=INTERVAL_MS,
        )
        self._provider.add_metric_reader(self._reader)

    def force_flush(self, timeout_ms: int) -> bool:
        """Send what was measured since the last time."""
        return self._reader.force_flush(timeout_ms)

    def close(self) -> None:
        """Send what was measured since the last time, and nothing any more."""
        self._reader.force_flush()
        self._provider.remove_metric_reader(self._reader)


def _provider(resource: Resource) -> MeterProvider:
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(MeterProvider(resource=resource))
    found = metrics.get_meter_provider()
    if not isinstance(found, MeterProvider):
        raise ConfigurationError(
            f"The program's MeterProvider is a {type(found).__name__}, which takes no readers; "
            "give it an exporter to Timeloom where it is made"
        )
    return found
