"""API keys, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class KeyScope(StrEnum):
    """What a key allows; each contains the one before."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as its project sees it: without its secret.

    Attributes:
        id: The public part of the key: `tl_<id>_…`.
        name: For people.
        scope: What it allows.
        agent_id: The only agent that its holder may act as; empty if it may act as any, and for the
            project itself.
        create_time: When it was made.
        expire_time: When it stops working; None if it does not expire.
        revoke_time: When it was revoked; None while it works.
        last_use_time: When it was last used, to the minute; None if it never was.
    """

    id: str
    name: str
    scope: KeyScope
    agent_id: str
    create_time: datetime
    expire_time: datetime | None
    revoke_time: datetime | None
    last_use_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was just made, with the only copy of its secret."""

    api_key: ApiKey
    secret: str = field(repr=False)
