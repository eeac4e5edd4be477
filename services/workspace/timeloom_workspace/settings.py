"""What the service reads from its environment."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from timeloom_platform.sealing import SealingSettings
from timeloom_platform.settings import ServiceSettings, secret
from timeloom_workspace.parts import ElectricGround
from timeloom_workspace.shapes.limits import CHUNK_BYTES

OUR_SCHEMAS: Final = frozenset(
    {
        "identity",
        "information_schema",
        "memory",
        "migration",
        "observability",
        "snapshots",
        "workflows",
        "workspace",
    }
)
"""What lies there is guarded by more than a scope, or is nobody's business."""
CHUNK_BYTES_MIN: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeSettings:
    """How shapes are kept.

    Attributes:
        directory: Where they are on disk, for this process alone; what is there is removed.
        address: Where other replicas reach this one; taken from where it listens unless it is named.
        allow_deletion: Whether clients may have a shape begun anew: all its clients fetch it again.
        schemas: With commas between them: those of which all tables may be asked for as shapes.
        chunk_bytes: An answer ends when it is at least so large; the client asks for the rest.
    """

    directory: str = field(default="", metadata={"env": "TIMELOOM_SHAPES_DIRECTORY"})
    address: str = field(default="", metadata={"env": "TIMELOOM_SHAPES_ADDRESS"})
    allow_deletion: bool = field(default=False, metadata={"env": "TIMELOOM_SHAPES_ALLOW_DELETION"})
    schemas: str = field(default="", metadata={"env": "TIMELOOM_SHAPES_SCHEMAS"})
    chunk_bytes: int = field(default=CHUNK_BYTES, metadata={"env": "TIMELOOM_SHAPES_CHUNK_BYTES"})

    def __post_init__(self) -> None:
        for name in self.schema_names:
            if name in OUR_SCHEMAS or name.startswith("pg_"):
                raise ValueError(f"TIMELOOM_SHAPES_SCHEMAS must not name {name}: it is not for clients")
        if not CHUNK_BYTES_MIN <= self.chunk_bytes <= CHUNK_BYTES:
            raise ValueError(
                f"TIMELOOM_SHAPES_CHUNK_BYTES must lie between {CHUNK_BYTES_MIN} and {CHUNK_BYTES}"
            )

    @property
    def schema_names(self) -> tuple[str, ...]:
        """The schemas, each once."""
        names = (name.strip() for name in self.schemas.split(","))
        return tuple(dict.fromkeys(name for name in names if name))

    @property
    def path(self) -> Path:
        """The directory; one in that for temporary files unless another is named."""
        return Path(self.directory or f"{tempfile.gettempdir()}/timeloom-shapes-{os.getuid()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricSettings:
    """Electric's own service, if that is to keep the shapes.

    Attributes:
        electric_url: Where it is; empty if this service keeps them.
        electric_secret: What it wants to be told, its ELECTRIC_SECRET.
    """

    electric_url: str = ""
    electric_secret: str = secret(default="")

    def __post_init__(self) -> None:
        if not self.electric_url:
            return
        parts = urlsplit(self.electric_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("TIMELOOM_ELECTRIC_URL must be an address such as http://electric:3000")
        if not self.electric_secret:
            raise ValueError(
                "TIMELOOM_ELECTRIC_SECRET is missing: Electric shows everything to whoever reaches it"
            )

    @property
    def ground(self) -> ElectricGround | None:
        """What shapes stand on there."""
        if not self.electric_url:
            return None
        return ElectricGround(url=self.electric_url, secret=self.electric_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the workspace service.

    Attributes:
        service: Those of every service.
        sealing: Those of how secrets are sealed.
        shapes: Those of shapes.
        electric: Those of Electric.
        database_pool_size: Connections to PostgreSQL.
    """

    service: ServiceSettings
    sealing: SealingSettings
    shapes: ShapeSettings
    electric: ElectricSettings
    database_pool_size: int = 8

    def __post_init__(self) -> None:
        if self.database_pool_size < 2:
            raise ValueError("TIMELOOM_DATABASE_POOL_SIZE must be at least 2: one connection is the relay's")
        if self.electric.electric_url and self.shapes.schema_names:
            raise ValueError(
                "TIMELOOM_SHAPES_SCHEMAS is not for use with TIMELOOM_ELECTRIC_URL: "
                "Electric is asked for Timeloom's tables only"
            )
