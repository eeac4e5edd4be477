"""What `observe()` began: it can be flushed, and closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from time import monotonic
from types import TracebackType
from typing import Final, Self

from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from timeloom.configuration import Configuration
from timeloom.observing import _instrumentations as instrumentations
from timeloom.observing._logs import LogHandler
from timeloom.observing._metrics import MetricSending
from timeloom.observing._sending import spans_to, stop_spans, tracer_provider

FLUSH_TIMEOUT_SECONDS: Final = 10.0

_lock = threading.Lock()
_current: Observation | None = None


class Observation:
    """Sends what the program does, until it is closed or the program ends: `with timeloom.observe(): …`.

    Attributes:
        endpoint: Where to, over OTLP with gRPC.
        instrumented: The libraries that tell what they do.
        tracer_provider: Whose spans are sent.
    """

    def __init__(
        self,
        *,
        settings: Configuration,
        provider: TracerProvider,
        logs: LogHandler | None,
        metrics: MetricSending | None,
    ) -> None:
        self.endpoint = settings.otlp_endpoint
        self.tracer_provider = provider
        self.instrumented: Sequence[str] = ()
        self._spans: SpanProcessor = spans_to(settings, provider)
        self._logs = logs
        self._metrics = metrics
        self._ending = ExitStack()
        self._ending.callback(stop_spans, provider, self._spans)
        if logs is not None:
            logging.getLogger().addHandler(logs)
            self._ending.callback(logs.close)
        if metrics is not None:
            self._ending.callback(metrics.close)

    def instrument(self, names: Sequence[str] | None, *, content: bool) -> None:
        """Switch instrumentations on."""
        there = instrumentations.installed()
        for name in instrumentations.chosen(names, there):
            self._ending.callback(instrumentations.switched_on(name, there[name], content=content))
            self.instrumented = (*self.instrumented, name)

    def flush(self, timeout_seconds: float = FLUSH_TIMEOUT_SECONDS) -> bool:
        """Send what waits, and tell whether that was done in time."""
        deadline = monotonic() + timeout_seconds

        def left_ms() -> int:
            return max(1, int((deadline - monotonic()) * 1000))

        done = self._spans.force_flush(left_ms())
        if self._logs is not None:
            done = self._logs.force_flush(left_ms()) and done
        if self._metrics is not None:
            done = self._metrics.force_flush(left_ms()) and done
        return done

    def close(self) -> None:
        """Send what waits, and nothing any more; switch instrumentations off. Once more is harmless."""
        self._ending.close()

    def __call__(self, *_: object) -> None:
        """Refuse to decorate: `@observe()` would begin to send when the function is defined.

        Raises:
            TypeError: Always.
        """
        raise TypeError(
            "Write @observe without parentheses, or with a name or a kind; observe() begins to send"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Observation(endpoint={self.endpoint!r}, instrumented={list(self.instrumented)})"


def begin(
    settings: Configuration,
    *,
    instrument: Sequence[str] | None,
    service_name: str | None,
    content: bool,
    logs: bool,
    metrics: bool,
) -> Observation:
    """Begin to send; what was begun before ends.

    Raises:
        ConfigurationError: The program has providers that cannot be used, or something is not installed.
    """
    global _current  # noqa: PLW0603 - OpenTelemetry's providers are the process's, too
    with _lock:
        instrumentations.chosen(instrument, instrumentations.installed())
        provider = tracer_provider(service_name)
        if _current is not None:
            _current.close()
        _current = Observation(
            settings=settings,
            provider=provider,
            logs=LogHandler(settings, provider.resource) if logs else None,
            metrics=MetricSending(settings, provider.resource) if metrics else None,
        )
        try:
            _current.instrument(instrument, content=content)
        except BaseException:
            _current.close()
            raise
        return _current
