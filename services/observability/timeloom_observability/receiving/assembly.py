"""What takes OpenTelemetry put together."""

from __future__ import annotations

from timeloom_observability.ingesting import Ingestor
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.prices import PriceTables
from timeloom_observability.receiving.counts import DoorCounts
from timeloom_observability.receiving.doors import Doors
from timeloom_observability.receiving.intake import Intake


def receiving(surroundings: Surroundings, ingestor: Ingestor, prices: PriceTables) -> Part:
    """Puts the doors together; there are none without a ground."""
    ground = surroundings.otlp
    if ground is None:
        return Part()
    counts = DoorCounts(ingestor)
    intake = Intake(
        authenticator=ground.authenticator,
        ingestor=ingestor,
        prices=prices,
        clock=surroundings.clock,
        counts=counts,
    )
    doors = Doors(ground, intake=intake, counts=counts)
    return Part(jobs=[doors.run], settle=doors.close, collectors=[counts])
