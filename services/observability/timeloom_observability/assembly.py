"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from timeloom_observability.alerts.assembly import alerts
from timeloom_observability.hearing.assembly import hearing
from timeloom_observability.ingesting import Companion, Ingestor
from timeloom_observability.keeping.assembly import keeping
from timeloom_observability.measurements.assembly import measurements
from timeloom_observability.measurements.writing import PointsOfTelemetry
from timeloom_observability.metrics.assembly import metrics
from timeloom_observability.pace import Pace
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.prices import PriceTables
from timeloom_observability.reading.assembly import reading
from timeloom_observability.receiving.assembly import receiving
from timeloom_observability.scores.assembly import scores
from timeloom_observability.scores.scores import ScoresOfTelemetry
from timeloom_observability.search.assembly import search
from timeloom_observability.search.indexing import Indexing
from timeloom_observability.storage.partitions import Partitions
from timeloom_observability.streams.assembly import streams
from timeloom_observability.telling import Telling
from timeloom_observability.travel.arrivals import Arrivals
from timeloom_observability.travel.assembly import travel
from timeloom_platform.bus import Bus
from timeloom_platform.server import ServiceBinding

if TYPE_CHECKING:  # prometheus_client is imported where metrics are scraped
    from prometheus_client.registry import Collector

ROOM: Final = "observability"
PACKAGE: Final = "timeloom_observability"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service: its parts together."""

    ingestor: Ingestor
    prices: PriceTables
    parts: Sequence[Part]

    @property
    def bindings(self) -> Sequence[ServiceBinding]:
        """What all parts serve."""
        return [binding for part in self.parts for binding in part.bindings]

    async def run(self) -> None:
        """Does the service's own work until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for part in self.parts:
                for job in part.jobs:
                    tasks.create_task(job())

    async def listen(self, bus: Bus) -> None:
        """Takes what other replicas and services tell, until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for part in self.parts:
                for listener in part.listeners:
                    tasks.create_task(listener(bus))

    @property
    def collectors(self) -> Sequence[Collector]:
        """Show what all parts count."""
        return [collector for part in self.parts for collector in part.collectors]

    async def settle(self) -> None:
        """Takes nothing more, and returns when what was taken is committed."""
        for part in self.parts:
            await part.settle()
        await self.ingestor.close()

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""
        for part in self.parts:
            part.end_streams()


def assembled(surroundings: Surroundings) -> Assembly:
    """Puts the service together."""
    prices = PriceTables(surroundings.database)
    partitions = Partitions(surroundings.database)
    pace = Pace()
    indexing = Indexing(surroundings.database, pace)
    companions: list[Companion] = [ScoresOfTelemetry(), Telling(), indexing, PointsOfTelemetry()]
    arrivals = None
    if surroundings.trace_quiet_seconds is not None:
        arrivals = Arrivals(quiet_seconds=surroundings.trace_quiet_seconds)
        companions.insert(0, arrivals)
    ingestor = Ingestor(
        database=surroundings.ingest_database,
        partitions=partitions,
        companions=companions,
        clock=surroundings.clock,
        pace=pace,
    )
    parts = [
        Part(jobs=[ingestor.run]),
        reading(surroundings, ingestor, prices),
        receiving(surroundings, ingestor, prices),
        scores(surroundings),
        keeping(surroundings, prices, partitions),
        streams(surroundings),
        hearing(surroundings, ingestor),
        metrics(surroundings),
        alerts(surroundings),
        search(surroundings, indexing),
        measurements(surroundings),
    ]
    if arrivals is not None:
        parts.append(travel(surroundings, arrivals, pace))
    return Assembly(ingestor=ingestor, prices=prices, parts=parts)
