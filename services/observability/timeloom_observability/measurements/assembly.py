"""What programs measure, put together."""

from __future__ import annotations

from timeloom_observability.measurements.measurements import Measurements
from timeloom_observability.measurements.servicer import MeasurementsServicer
from timeloom_observability.parts import Part, Surroundings


def measurements(surroundings: Surroundings) -> Part:
    """Returns the part of the service that knows what programs measure."""
    use_cases = Measurements(
        database=surroundings.database, cursors=surroundings.cursors, clock=surroundings.clock
    )
    return Part(bindings=[MeasurementsServicer(use_cases).binding()])
