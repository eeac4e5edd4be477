"""`python -m timeloom_gateway`: the composition root."""

from __future__ import annotations

import asyncio
import sys

from timeloom_gateway import rooms
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.gateway import Metrics, open_gateway
from timeloom_gateway.settings import GatewaySettings, LimitSettings
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform import metrics
from timeloom_platform.process import run, spare_the_collector
from timeloom_platform.settings import ProcessSettings, load
from timeloom_platform.telemetry import Tracing


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop."""
    settings = load(GatewaySettings)
    contracts = Contracts.load()
    addresses = rooms.addresses(contracts)
    counts = Metrics(rpc=metrics.RpcMetrics(), http=_http_metrics(settings.limits))
    if settings.process.metrics_listen:
        _serve_metrics(settings.process.metrics_listen, counts)
    tracing = _tracing(settings.process)
    try:
        async with open_gateway(
            settings, addresses=addresses, metrics=counts, contracts=contracts, tracing=tracing
        ) as gateway:
            spare_the_collector()
            await stop.wait()
            await gateway.drain()
    finally:
        await asyncio.to_thread(tracing.close)


def _http_metrics(limits: LimitSettings) -> HttpMetrics:
    return HttpMetrics(requests_max=limits.requests_max, live_clients_max=limits.live_clients_max)


def _serve_metrics(listen: str, counts: Metrics) -> None:
    from prometheus_client import REGISTRY  # noqa: PLC0415 - 9 MB that are spent only where metrics are scraped

    for collector in (counts.rpc, counts.http):
        REGISTRY.register(collector)
    metrics.serve(listen)


def _tracing(settings: ProcessSettings) -> Tracing:
    if not settings.otlp_endpoint:
        return Tracing.disabled()
    return Tracing.to_otlp(
        service="gateway", endpoint=settings.otlp_endpoint, sample_ratio=settings.trace_sample_ratio
    )


if __name__ == "__main__":
    sys.exit(run(main))
