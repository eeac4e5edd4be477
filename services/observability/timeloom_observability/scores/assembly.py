"""The part that keeps scores."""

from __future__ import annotations

from timeloom_observability.parts import Part, Surroundings
from timeloom_observability.scores.scores import Scores
from timeloom_observability.scores.servicer import ScoresServicer


def scores(surroundings: Surroundings) -> Part:
    """Puts the part together."""
    kept = Scores(database=surroundings.database, cursors=surroundings.cursors)
    return Part(bindings=[ScoresServicer(kept, clock=surroundings.clock).binding()])
