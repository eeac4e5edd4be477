"""What a path leads to: a route, with the call that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from timeloom_gateway.transcoding.rest import Route
from timeloom_gateway.transcoding.routing import Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route with the call that it makes."""

    route: Route
    call: Any


Found = Match[Operation]
"""An operation, with the texts of its path's variables."""
