"""Where the services of each room are: `TIMELOOM_<ROOM>_ADDRESS`, for every room of the contracts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from timeloom_gateway.contracts import Contracts
from timeloom_platform.settings import PREFIX, SettingsError

OWN_ROOM = "identity"
"""Served by the gateway's own process."""


def addresses(contracts: Contracts, environ: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The address of each room but the gateway's own.

    Raises:
        SettingsError: Names every variable that is missing.
    """
    rooms = sorted({service.room for service in contracts.services} - {OWN_ROOM})
    found = {room: environ.get(variable_of(room), "") for room in rooms}
    missing = [f"{variable_of(room)} is missing" for room, address in found.items() if not address]
    if missing:
        raise SettingsError(missing)
    return found


def variable_of(room: str) -> str:
    """The environment variable that holds a room's address."""
    return f"{PREFIX}{room.upper()}_ADDRESS"
