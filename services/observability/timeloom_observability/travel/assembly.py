"""The part that makes executions of traces."""

from __future__ import annotations

from timeloom_observability.pace import Pace
from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.travel.arrivals import Arrivals
from timeloom_observability.travel.following import Follower
from timeloom_observability.travel.projector import Projector


def travel(surroundings: Surroundings, arrivals: Arrivals, pace: Pace) -> Part:
    """Puts the part together.

    Args:
        surroundings: What it stands on.
        arrivals: What tells it of traces.
        pace: When to step aside.
    """
    projector = Projector(database=surroundings.database, snapshots=surroundings.snapshots)
    follower = Follower(database=surroundings.database, projector=projector, arrivals=arrivals, pace=pace)
    return Part(jobs=[follower.run])
