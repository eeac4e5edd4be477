"""What can be done with projects and API keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from timeloom_platform import acting, ids
from timeloom_platform.api_keys import ApiKeyParts, new_api_key, parse_api_key
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.authentication import ResolvedKey
from timeloom_platform.database import Connection, Database
from timeloom_platform.errors import (
    AlreadyExistsError,
    ExpiredApiKeyError,
    InvalidApiKeyError,
    InvalidFieldError,
    NotFoundError,
)
from timeloom_platform.identity import storage
from timeloom_platform.identity.model import ApiKey, NewApiKey, Project, StoredSecrets
from timeloom_platform.identity.usage import UsageRecorder
from timeloom_platform.pagination import Cursors, Page, page_size

FIRST_KEY_NAME = "default"
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Identities:
    """Projects and API keys. Resolves keys for the authenticators."""

    def __init__(
        self,
        *,
        database: Database,
        cursors: Cursors,
        usage: UsageRecorder,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._usage = usage
        self._clock = clock
        self._listeners: list[Callable[[str], None]] = []

    def on_change(self, listener: Callable[[str], None]) -> None:
        """Tell the listener the id of each key that is revoked or rotated here, so that it asks anew."""
        self._listeners.append(listener)

    async def create_project(self, name: str) -> tuple[Project, NewApiKey]:
        """Create a project with its first key, which has the admin scope.

        Raises:
            AlreadyExistsError: The name is taken.
        """
        project_id = str(ids.uuid7())
        async with self._database.transaction(project_id) as connection:
            project = await storage.insert_project(connection, project_id=project_id, name=name)
            if project is None:
                raise AlreadyExistsError(f"There is a project of the name {name} already.")
            key = await _insert_key(
                connection, project_id=project_id, name=FIRST_KEY_NAME, scope=Scope.ADMIN, expire_time=None
            )
        return project, key

    async def list_projects(self, *, size: int, token: str) -> Page[Project]:
        """List the installation's projects, oldest first."""
        listed = {"list": "projects"}
        position = self._cursors.decode(token, of=listed)
        limit = page_size(size)
        async with self._database.system_transaction() as connection:
            projects = await storage.select_projects(
                connection, after_id=str(position[0]) if position else None, limit=limit + 1
            )
        return self._cursors.page(projects, limit=limit, of=listed, position=lambda last: [last.project_id])

    async def get_project(self, project_id: str) -> Project:
        """Return a project.

        Raises:
            NotFoundError: There is none.
        """
        async with self._database.transaction(project_id) as connection:
            project = await storage.select_project(connection, project_id)
        if project is None:
            raise NotFoundError("The project does not exist any more.")
        return project

    async def create_api_key(
        self,
        project_id: str,
        *,
        name: str,
        scope: Scope,
        expire_time: datetime | None,
        agent_id: str = "",
    ) -> NewApiKey:
        """Create a key for a project.

        Args:
            project_id: The project that it opens.
            name: For people.
            scope: What it allows.
            expire_time: When it stops working.
            agent_id: The only agent that its holder may act as.

        Raises:
            InvalidFieldError: The expiry time has passed; or no agent can have that id, or the key could make
                others that are bound to none.
        """
        if agent_id:
            acting.check_agent_id(agent_id, "agentId")
            if scope >= Scope.ADMIN:
                raise InvalidFieldError.of(
                    "scope", "must be read or write for a key that is bound to an agent"
                )
        if expire_time is not None and expire_time <= self._clock():
            raise InvalidFieldError.of("expireTime", "must lie in the future")
        async with self._database.transaction(project_id) as connection:
            return await _insert_key(
                connection,
                project_id=project_id,
                name=name,
                scope=scope,
                expire_time=expire_time,
                agent_id=agent_id,
            )

    async def list_api_keys(self, project_id: str, *, size: int, token: str) -> Page[ApiKey]:
        """List a project's keys, newest first."""
        listed = {"list": "api_keys", "project": project_id}
        position = self._cursors.decode(token, of=listed)
        before = (datetime.fromisoformat(str(position[0])), str(position[1])) if position else None
        limit = page_size(size)
        async with self._database.transaction(project_id) as connection:
            keys = await storage.select_api_keys(
                connection, project_id=project_id, before=before, limit=limit + 1
            )
        return self._cursors.page(
            keys,
            limit=limit,
            of=listed,
            position=lambda last: [last.create_time.isoformat(), last.api_key_id],
        )

    async def rotate_api_key(self, project_id: str, api_key_id: str, *, grace_seconds: int) -> NewApiKey:
        """Give a key a new secret; the old one works on for the grace period.

        Raises:
            NotFoundError: The project has no such key, or it was revoked.
        """
        parts = new_api_key(api_key_id)
        grace_end = self._clock() + timedelta(seconds=grace_seconds) if grace_seconds else None
        async with self._database.transaction(project_id) as connection:
            api_key = await storage.rotate_api_key(
                connection,
                project_id=project_id,
                api_key_id=api_key_id,
                secret_hash=parts.secret_hash,
                previous_expire_time=grace_end,
            )
        if api_key is None:
            raise NotFoundError(f"There is no working API key {api_key_id} in this project.")
        self._changed(api_key_id)
        return NewApiKey(api_key=api_key, secret=str(parts))

    async def revoke_api_key(self, project_id: str, api_key_id: str) -> ApiKey:
        """Revoke a key at once and for ever; again, without effect.

        Raises:
            NotFoundError: The project has no such key.
        """
        async with self._database.transaction(project_id) as connection:
            api_key = await storage.revoke_api_key(
                connection, project_id=project_id, api_key_id=api_key_id, revoke_time=self._clock()
            )
        if api_key is None:
            raise NotFoundError(f"There is no API key {api_key_id} in this project.")
        self._changed(api_key_id)
        return api_key

    async def resolve(self, api_key: str) -> ResolvedKey:
        """Return what the key opens (`ApiKeyResolver`), and note that it was used."""
        parts = parse_api_key(api_key)
        async with self._database.system_transaction() as connection:
            stored = await storage.select_secrets(connection, parts.key_id)
        now = self._clock()
        good_until = _good_until(stored, parts, now)
        if stored is None or good_until is None:
            raise InvalidApiKeyError("The API key is unknown or was revoked.")
        if stored.api_key.expire_time is not None and stored.api_key.expire_time <= now:
            raise ExpiredApiKeyError("The API key has expired.")
        self._usage.note(parts.key_id, now)
        return ResolvedKey(
            identity=Identity(
                project_id=stored.api_key.project_id,
                scope=stored.api_key.scope,
                api_key_id=parts.key_id,
                agent_id=stored.api_key.agent_id,
            ),
            expire_time=min(good_until, stored.api_key.expire_time or _FOR_EVER).timestamp(),
        )

    async def stands(self, api_key_id: str) -> bool:
        """Whether there is such a key, neither revoked nor expired."""
        async with self._database.system_transaction() as connection:
            stored = await storage.select_secrets(connection, api_key_id)
        if stored is None or stored.api_key.revoke_time is not None:
            return False
        return stored.api_key.expire_time is None or stored.api_key.expire_time > self._clock()

    def _changed(self, api_key_id: str) -> None:
        for listener in self._listeners:
            listener(api_key_id)


def _good_until(stored: StoredSecrets | None, parts: ApiKeyParts, now: datetime) -> datetime | None:
    """Return until when the secret opens the key; None if it does not."""
    if stored is None or stored.api_key.revoke_time is not None:
        return None
    if parts.matches(stored.secret_hash):
        return _FOR_EVER
    if stored.previous_secret_hash is None or stored.previous_expire_time is None:
        return None
    in_grace = stored.previous_expire_time > now
    return stored.previous_expire_time if in_grace and parts.matches(stored.previous_secret_hash) else None


async def _insert_key(
    connection: Connection,
    *,
    project_id: str,
    name: str,
    scope: Scope,
    expire_time: datetime | None,
    agent_id: str = "",
) -> NewApiKey:
    parts = new_api_key()
    api_key = await storage.insert_api_key(
        connection,
        project_id=project_id,
        api_key_id=parts.key_id,
        name=name,
        scope=scope,
        secret_hash=parts.secret_hash,
        expire_time=expire_time,
        agent_id=agent_id,
    )
    return NewApiKey(api_key=api_key, secret=str(parts))
