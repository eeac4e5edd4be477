"""Metrics of events, put together."""

from __future__ import annotations

from timeloom_observability.metrics.facets import Facets
from timeloom_observability.metrics.metrics import Metrics
from timeloom_observability.metrics.servicer import EventMetricsServicer
from timeloom_observability.metrics.upkeep import Upkeep
from timeloom_observability.parts import Part, Surroundings


def metrics(surroundings: Surroundings) -> Part:
    """Returns the part of the service that reckons metrics."""
    database = surroundings.database
    servicer = EventMetricsServicer(metrics=Metrics(database, surroundings.clock), facets=Facets(database))
    return Part(bindings=[servicer.binding()], jobs=[Upkeep(database).run])
