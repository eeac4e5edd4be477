"""The service put together from its parts, as the process and the tests use it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from timeloom_platform.server import ServiceBinding

ROOM: Final = "migration"
PACKAGE: Final = "timeloom_migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The service, and those of its parts that somebody has to run or close."""

    bindings: Sequence[ServiceBinding]

    def end_streams(self) -> None:
        """Ends the calls that would go on for ever: their callers turn to another replica."""


def assembled() -> Assembly:
    """Puts the service together."""
    return Assembly(bindings=())
