"""Projects and API keys as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from timeloom_platform.auth import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A tenant."""

    project_id: str
    name: str
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as its project sees it: without its secret."""

    api_key_id: str
    project_id: str
    name: str
    scope: Scope
    agent_id: str
    expire_time: datetime | None
    revoke_time: datetime | None
    last_use_time: datetime | None
    create_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was just made or rotated, with the only copy of its secret."""

    api_key: ApiKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecrets:
    """What is kept to recognise a key by."""

    api_key: ApiKey
    secret_hash: bytes = field(repr=False)
    previous_secret_hash: bytes | None = field(repr=False)
    previous_expire_time: datetime | None
