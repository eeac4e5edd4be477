"""Sends the records of `logging`, with the span that they were written in."""

from __future__ import annotations

import logging
import traceback
from time import time_ns
from typing import Final

from opentelemetry import context
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from timeloom.configuration import Configuration
from timeloom.observing._sending import EXPORT_TIMEOUT_SECONDS, SEND_INTERVAL_MS, headers
from timeloom.observing._surroundings import surroundings

_SEVERITIES: Final = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
    (logging.DEBUG, SeverityNumber.DEBUG),
)
_SENDERS: Final = ("opentelemetry", "grpc")
"""Loggers of what sends the records: telling of them would never end."""


class LogHandler(logging.Handler):
    """Hands the records of `logging` to a LoggerProvider of its own."""

    def __init__(self, settings: Configuration, resource: Resource) -> None:
        super().__init__()
        exporter = OTLPLogExporter(
            endpoint=settings.otlp_endpoint, headers=headers(settings), timeout=EXPORT_TIMEOUT_SECONDS
        )
        self._provider = LoggerProvider(resource=resource)
        self._provider.add_log_record_processor(
            BatchLogRecordProcessor(exporter, schedule_delay_millis=SEND_INTERVAL_MS)
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record."""
        if record.name.startswith(_SENDERS):
            return
        try:
            self._provider.get_logger(record.name).emit(
                LogRecord(
                    timestamp=int(record.created * 1e9),
                    observed_timestamp=time_ns(),
                    context=context.get_current(),
                    severity_number=_severity(record.levelno),
                    severity_text=record.levelname,
                    body=record.getMessage(),
                    attributes={**surroundings().attributes(), **_exception(record)},
                )
            )
        except Exception:  # noqa: BLE001 - as logging's own handlers do: the program goes on
            self.handleError(record)

    def force_flush(self, timeout_ms: int) -> bool:
        """Send what waits."""
        return self._provider.force_flush(timeout_ms)

    def close(self) -> None:
        """Send what is left, and nothing any more."""
        logging.getLogger().removeHandler(self)
        self._provider.shutdown()
        super().close()


def _severity(level: int) -> SeverityNumber:
    return next((severity for least, severity in _SEVERITIES if level >= least), SeverityNumber.TRACE)


def _exception(record: logging.LogRecord) -> dict[str, str]:
    if not record.exc_info or record.exc_info[0] is None:
        return {}
    kind, error, stack = record.exc_info
    return {
        "exception.type": kind.__qualname__,
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(kind, error, stack)),
    }
