"""A part of the service: what it serves, and what it does besides."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from timeloom_platform.auth import InternalTokens
from timeloom_platform.bus import Bus
from timeloom_platform.database import Database
from timeloom_platform.pagination import Cursors
from timeloom_platform.sealing import MasterKeys
from timeloom_platform.server import ServiceBinding
from timeloom_workspace.shapes.limits import CHUNK_BYTES

Job: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
Listener: TypeAlias = Callable[[Bus], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricGround:
    """Where Electric is, and the secret that it wants to be told."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeGround:
    """What shapes stand on.

    Attributes:
        database_url: As a role that may replicate, and take on those of the rooms.
        directory: Where they are kept on disk; what is there is removed.
        tokens: Make callers known to other replicas.
        address: Where other replicas reach this one.
        allows_deletion: Whether clients may have a shape begun anew.
        schemas: Whose tables shapes may be made of besides ours.
        chunk_bytes: An answer ends when it is at least so large.
        electric: Keeps shapes instead of this service; None if this service does.
    """

    database_url: str
    directory: Path
    tokens: InternalTokens
    address: str
    allows_deletion: bool = False
    schemas: Sequence[str] = ()
    chunk_bytes: int = CHUNK_BYTES
    electric: ElectricGround | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every part stands on; without a ground for them, no shapes are served."""

    database: Database
    cursors: Cursors
    clock: Callable[[], datetime]
    master_keys: MasterKeys
    shapes: ShapeGround | None = None


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part that is put together.

    Attributes:
        bindings: What it serves.
        jobs: What it does by itself, each until it is cancelled.
        listeners: What it does with what the bus tells, each until it is cancelled.
        end_streams: Ends the calls that would go on for ever: their callers turn to another replica.
    """

    bindings: Sequence[ServiceBinding] = ()
    jobs: Sequence[Job] = ()
    listeners: Sequence[Listener] = ()
    end_streams: Callable[[], None] = _nothing
