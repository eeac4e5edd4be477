"""Counts and durations of HTTP requests, by route and status.

Counting is plain arithmetic, because it happens in every request; Prometheus' own objects
are made only when somebody scrapes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from timeloom_platform.errors import OverloadedError
from timeloom_platform.metrics import BUCKETS_SECONDS

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped
    from prometheus_client.core import Metric

RETRY_AFTER_SECONDS = 1.0

_BOUNDS = (*(str(bound) for bound in BUCKETS_SECONDS), "+Inf")


class _RouteCounts:
    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * len(_BOUNDS)
        self.seconds = 0.0


class HttpMetrics:
    """Counts requests, and bounds those at one time; a collector for prometheus_client.

    Routes are templates, so that their number is bounded.
    """

    def __init__(self, *, requests_max: int = 1_000, live_clients_max: int = 5_000) -> None:
        self._routes: dict[tuple[str, str], _RouteCounts] = {}
        self._requests_max = requests_max
        self._live_clients_max = live_clients_max
        self.in_flight = 0
        self.live_clients = 0

    def require_room(self) -> None:
        """OverloadedError if so many requests are being served that one more would make all wait."""
        if self.in_flight - self.live_clients > self._requests_max:
            raise _overloaded(f"The gateway is serving {self._requests_max} requests already.")

    def admit_live_client(self) -> None:
        """Counts a WebSocket or event stream that opens, or raises OverloadedError if there are too many."""
        if self.live_clients >= self._live_clients_max:
            raise _overloaded(f"The gateway has {self._live_clients_max} live clients already.")
        self.live_clients += 1

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request that has ended."""
        counts = self._routes.get((method, route))
        if counts is None:
            counts = self._routes[method, route] = _RouteCounts()
        counts.statuses[status] = counts.statuses.get(status, 0) + 1
        counts.buckets[bisect_left(BUCKETS_SECONDS, seconds)] += 1
        counts.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand (prometheus_client's Collector protocol)."""
        from prometheus_client.core import (  # noqa: PLC0415 - see above
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        names = ["method", "route"]
        requests = CounterMetricFamily(
            "http_server_requests", "Requests that ended, by status.", labels=[*names, "status"]
        )
        seconds = HistogramMetricFamily(
            "http_server_request_seconds", "How long requests took, in seconds.", labels=names
        )
        for labels, counts in list(self._routes.items()):
            cumulative = list(zip(_BOUNDS, accumulate(counts.buckets), strict=True))
            seconds.add_metric(labels, cumulative, counts.seconds)
            for status, number in list(counts.statuses.items()):
                requests.add_metric((*labels, str(status)), number)
        in_flight = GaugeMetricFamily("http_server_in_flight", "Requests being served.", self.in_flight)
        live = GaugeMetricFamily(
            "live_clients", "WebSockets and event streams that are open.", self.live_clients
        )
        yield from (requests, seconds, in_flight, live)


def _overloaded(message: str) -> OverloadedError:
    return OverloadedError(message, retry_after_seconds=RETRY_AFTER_SECONDS)
