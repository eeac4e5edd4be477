"""The part that hands events on."""

from __future__ import annotations

from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.streams.exporting import Exporter
from timeloom_observability.streams.servicer import EventStreamsServicer
from timeloom_observability.streams.tailing import Tails


def streams(surroundings: Surroundings) -> Part:
    """Puts the part together."""
    tails = Tails(surroundings.bus)
    exporter = Exporter(surroundings.database)
    return Part(
        bindings=[EventStreamsServicer(tails=tails, exporter=exporter).binding()],
        end_streams=tails.close,
    )
