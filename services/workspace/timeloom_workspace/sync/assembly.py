"""Synchronisation, put together from its parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.parts import Part, Surroundings
from timeloom_workspace.sync.deciding import Conflicts, DeadLetters, Policies
from timeloom_workspace.sync.mutations import Mutations
from timeloom_workspace.sync.servicer import SyncServicer
from timeloom_workspace.sync.upkeep import Upkeep

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def sync(surroundings: Surroundings) -> Part:
    """Puts it together."""
    database, cursors = surroundings.database, surroundings.cursors
    clock = HybridClock(lambda: (surroundings.clock() - _EPOCH) // timedelta(milliseconds=1))
    servicer = SyncServicer(
        mutations=Mutations(database=database, clock=clock),
        conflicts=Conflicts(database=database, cursors=cursors, clock=clock),
        dead_letters=DeadLetters(database=database, cursors=cursors, clock=clock),
        policies=Policies(database=database),
    )
    return Part(bindings=[servicer.binding()], jobs=[Upkeep(database).run])
