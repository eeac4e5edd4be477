"""`python -m timeloom_gateway`: the composition root."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from timeloom_gateway import rooms
from timeloom_gateway.contracts import Contracts
from timeloom_gateway.gateway import Metrics, open_gateway
from timeloom_gateway.settings import GatewaySettings, LimitSettings
from timeloom_gateway.web.metrics import HttpMetrics
from timeloom_platform import metrics
from timeloom_platform.process import run, spare_the_collector
from timeloom_platform.settings import load
from timeloom_platform.telemetry import Tracing

SERVICE: Final = "timeloom-gateway"


async def main(stop: asyncio.Event) -> None:
    """Serves until told to stop."""
    settings = load(GatewaySettings)
    contracts = Contracts.load()
    addresses = rooms.addresses(contracts)
    counts = Metrics(rpc=metrics.RpcMetrics(), http=_http_metrics(settings.limits))
    watching = metrics.publish(settings.process, service=SERVICE, collectors=[counts.rpc, counts.http])
    tracing = Tracing.of(settings.process, service=SERVICE)
    try:
        async with open_gateway(
            settings, addresses=addresses, metrics=counts, contracts=contracts, tracing=tracing
        ) as gateway:
            exporting = asyncio.create_task(watching) if watching is not None else None
            spare_the_collector()
            await stop.wait()
            await gateway.drain()
            if exporting is not None:
                exporting.cancel()
    finally:
        await asyncio.to_thread(tracing.close)


def _http_metrics(limits: LimitSettings) -> HttpMetrics:
    return HttpMetrics(requests_max=limits.requests_max, live_clients_max=limits.live_clients_max)


if __name__ == "__main__":
    sys.exit(run(main))
