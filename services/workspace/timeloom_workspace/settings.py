"""What the service reads from its environment."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from timeloom_platform.sealing import SealingSettings
from timeloom_platform.settings import ServiceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """How shapes are kept.

    Attributes:
        directory: Where they are on disk, for this process alone; what is there is removed.
        address: Where other replicas reach this one; taken from where it listens unless it is named.
        allow_deletion: Whether clients may have a shape begun anew: all its clients fetch it again.
    """

    directory: str = field(default="", metadata={"env": "TIMELOOM_SHAPES_DIRECTORY"})
    address: str = field(default="", metadata={"env": "TIMELOOM_SHAPES_ADDRESS"})
    allow_deletion: bool = field(default=False, metadata={"env": "TIMELOOM_SHAPES_ALLOW_DELETION"})

    @property
    def path(self) -> Path:
        """The directory; one in that for temporary files unless another is named."""
        return Path(self.directory or f"{tempfile.gettempdir()}/timeloom-shapes-{os.getuid()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the workspace service.

    Attributes:
        service: Those of every service.
        sealing: Those of how secrets are sealed.
        shapes: Those of shapes.
        database_pool_size: Connections to PostgreSQL.
    """

    service: ServiceSettings
    sealing: SealingSettings
    shapes: ShapeSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
