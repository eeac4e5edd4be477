"""The part that reads events, traces and sessions, and takes events that programs report."""

from __future__ import annotations

from timeloom_observability.ingesting import Ingestor
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.prices import PriceTables
from timeloom_observability.reading.creating import Creating
from timeloom_observability.reading.events import Events
from timeloom_observability.reading.servicer import ObservabilityServicer
from timeloom_observability.reading.sessions import Sessions
from timeloom_observability.reading.trace_trees import TraceTrees
from timeloom_observability.reading.traces import Traces


def reading(surroundings: Surroundings, ingestor: Ingestor, prices: PriceTables) -> Part:
    """Puts the part together."""
    database, cursors = surroundings.database, surroundings.cursors
    servicer = ObservabilityServicer(
        events=Events(database=database, cursors=cursors, clock=surroundings.clock),
        traces=Traces(database=database, cursors=cursors),
        trees=TraceTrees(database=database, cursors=cursors),
        sessions=Sessions(database=database, cursors=cursors),
        creating=Creating(ingestor=ingestor, prices=prices, clock=surroundings.clock),
    )
    return Part(bindings=[servicer.binding()])
