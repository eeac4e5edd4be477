"""All SQL of the gateway: idempotency keys, console links and sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from timeloom_gateway.idempotency.keys import KEPT_SECONDS, LEASE_SECONDS, Record
from timeloom_gateway.security.sessions import Session
from timeloom_platform.auth import Scope
from timeloom_platform.database import Database
from timeloom_platform.web.messages import Reply

DELETED_ROWS_MAX = 1000

# A key that has expired, or whose first request was lost with its gateway, is as good as new.
_CLAIM_KEY = """
INSERT INTO idempotency_keys AS held (project_id, key, fingerprint, owner, lease_expire_time, expire_time)
VALUES ($1, $2, $3, $4, now() + $5::interval, now() + $6::interval)
ON CONFLICT (project_id, key) DO UPDATE SET
    fingerprint = excluded.fingerprint,
    owner = excluded.owner,
    lease_expire_time = excluded.lease_expire_time,
    expire_time = excluded.expire_time,
    status = NULL,
    content_type = NULL,
    headers = NULL,
    body = NULL
WHERE held.expire_time <= now() OR (held.status IS NULL AND held.lease_expire_time <= now())
RETURNING TRUE
"""

_SELECT_KEY = """
SELECT fingerprint, status, content_type, headers, body FROM idempotency_keys
WHERE project_id = $1 AND key = $2
"""

_COMPLETE_KEY = """
UPDATE idempotency_keys SET status = $4, content_type = $5, headers = $6, body = $7
WHERE project_id = $1 AND key = $2 AND owner = $3
"""

_RELEASE_KEY = """
DELETE FROM idempotency_keys WHERE project_id = $1 AND key = $2 AND owner = $3 AND status IS NULL
"""

_INSERT_LINK = """
INSERT INTO links (project_id, token_hash, scope, expire_time) VALUES ($1, $2, $3, now() + $4::interval)
"""

# Whoever deletes the row has the link: it is good for one.
_TAKE_LINK = """
DELETE FROM links WHERE token_hash = $1 RETURNING project_id, scope, expire_time > now() AS is_good
"""

_INSERT_SESSION = """
INSERT INTO sessions (project_id, session_id, scope, expire_time, api_key_id) VALUES ($1, $2, $3, $4, $5)
"""

_SELECT_SESSION = """
SELECT project_id, session_id, scope, expire_time, api_key_id FROM sessions
WHERE project_id = $1 AND session_id = $2 AND expire_time > now()
"""

_DELETE_SESSION = "DELETE FROM sessions WHERE project_id = $1 AND session_id = $2"

_DELETE_EXPIRED = {
    table: f"""
    DELETE FROM {table} WHERE ({columns}) IN (
        SELECT {columns} FROM {table} WHERE expire_time <= now() ORDER BY expire_time LIMIT $1
    )
    """
    for table, columns in (
        ("idempotency_keys", "project_id, key"),
        ("links", "project_id, token_hash"),
        ("sessions", "project_id, session_id"),
    )
}


class KeyRecords:
    """The idempotency keys (`Records`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, project_id: str, key: str, *, fingerprint: bytes, owner: str) -> Record | None:
        """Claims a key for `owner` and returns None, or returns the record of who has it."""
        lease, kept = timedelta(seconds=LEASE_SECONDS), timedelta(seconds=KEPT_SECONDS)
        async with self._database.transaction(project_id) as connection:
            if await connection.fetchval(_CLAIM_KEY, project_id, key, fingerprint, UUID(owner), lease, kept):
                return None
            row = await connection.fetchrow(_SELECT_KEY, project_id, key)
        # Without a row the claim was given up between the two statements: it is to be tried again.
        return _record(row) if row else Record(fingerprint=fingerprint, reply=None)

    async def complete(self, project_id: str, key: str, *, owner: str, reply: Reply) -> None:
        """Records the answer of the owner's request."""
        headers = msgspec.json.encode(dict(reply.headers)).decode()
        async with self._database.transaction(project_id) as connection:
            await connection.execute(
                _COMPLETE_KEY,
                *(project_id, key, UUID(owner)),
                *(reply.status, reply.content_type, headers, reply.body),
            )

    async def release(self, project_id: str, key: str, *, owner: str) -> None:
        """Gives up the owner's claim."""
        async with self._database.transaction(project_id) as connection:
            await connection.execute(_RELEASE_KEY, project_id, key, UUID(owner))


class SessionStore:
    """Links and sessions (`Sessions`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_link(
        self, *, project_id: str, token_hash: bytes, scope: Scope, lifetime: timedelta
    ) -> None:
        """Keeps a link."""
        async with self._database.transaction(project_id) as connection:
            await connection.execute(_INSERT_LINK, project_id, token_hash, int(scope), lifetime)

    async def take_link(self, token_hash: bytes) -> tuple[str, Scope] | None:
        """The project and scope of a link that is good; nobody can take it again."""
        async with self._database.system_transaction() as connection:
            row = await connection.fetchrow(_TAKE_LINK, token_hash)
        return (str(row["project_id"]), Scope(row["scope"])) if row and row["is_good"] else None

    async def add_session(self, session: Session) -> None:
        """Keeps a session."""
        async with self._database.transaction(session.project_id) as connection:
            await connection.execute(
                _INSERT_SESSION,
                *(session.project_id, session.session_id, int(session.scope), session.expire_time),
                session.api_key_id,
            )

    async def find_session(self, project_id: str, session_id: str) -> Session | None:
        """The session, if it stands."""
        async with self._database.transaction(project_id) as connection:
            row = await connection.fetchrow(_SELECT_SESSION, project_id, session_id)
        return _session(row) if row else None

    async def delete_session(self, project_id: str, session_id: str) -> None:
        """Ends a session."""
        async with self._database.transaction(project_id) as connection:
            await connection.execute(_DELETE_SESSION, project_id, session_id)


async def delete_expired(database: Database) -> int:
    """Deletes what has expired, a bounded number of rows of each table, and returns how many there were."""
    deleted = 0
    async with database.system_transaction() as connection:
        for statement in _DELETE_EXPIRED.values():
            outcome = await connection.execute(statement, DELETED_ROWS_MAX)
            deleted += int(outcome.rpartition(" ")[2])
    return deleted


def _record(row: Any) -> Record:
    reply = None
    if row["status"] is not None:
        reply = Reply(
            status=row["status"],
            body=row["body"],
            content_type=row["content_type"],
            headers=msgspec.json.decode(row["headers"], type=dict[str, str]),
        )
    return Record(fingerprint=row["fingerprint"], reply=reply)


def _session(row: Any) -> Session:
    return Session(
        project_id=str(row["project_id"]),
        session_id=str(row["session_id"]),
        scope=Scope(row["scope"]),
        expire_time=row["expire_time"],
        api_key_id=row["api_key_id"],
    )
