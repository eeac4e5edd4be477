"""Transfers put together, as a part of the service."""

from __future__ import annotations

from timeloom_workspace.clocks import HybridClock
from timeloom_workspace.parts import Part, Surroundings
from timeloom_workspace.transfer.servicer import TransferServicer
from timeloom_workspace.transfer.transfers import Transfers


def transfer(surroundings: Surroundings) -> Part:
    """Puts transfers together."""
    transfers = Transfers(
        database=surroundings.database,
        clock=HybridClock(lambda: int(surroundings.clock().timestamp() * 1000)),
        master_keys=surroundings.master_keys,
    )
    return Part(bindings=[TransferServicer(transfers).binding()])
