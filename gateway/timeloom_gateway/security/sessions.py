"""The console's sessions: a signed cookie, made again while it is used, and good only while its row stands.

The cookie is a JWT (RFC 7519) under a key derived from the internal secret, so that a forged
one costs no database access. The anti-forgery token is a MAC of the session's id: a page of
another origin can neither read nor compute it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

from timeloom_gateway.web.errors import SessionExpiredError
from timeloom_platform import web_tokens
from timeloom_platform.auth import Identity, Scope
from timeloom_platform.bounded import LruCache
from timeloom_platform.errors import UnauthenticatedError

LINK_LIFETIME: Final = timedelta(minutes=10)
SESSION_LIFETIME: Final = timedelta(days=7)
COOKIE_SECONDS: Final = 12 * 3600
"""A browser that is not used for so long has to begin a new session."""
ROTATION_SECONDS: Final = 15 * 60
"""A cookie older than this is made again with the answer."""

_CACHED_SESSIONS_MAX: Final = 1000
_CACHE_SECONDS: Final = 10.0
_AUDIENCE: Final = "timeloom-console"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser's session."""

    project_id: str
    session_id: str
    scope: Scope
    expire_time: datetime
    api_key_id: str = ""
    """The key that began it, without which it does not stand; empty if a link did."""

    @property
    def identity(self) -> Identity:
        """Whom the session acts as."""
        return Identity(project_id=self.project_id, scope=self.scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A session that a cookie opened."""

    session: Session
    csrf_token: str
    new_cookie: str
    """Replaces the browser's cookie; empty if that is fresh enough."""


class Sessions(Protocol):
    """Keeps links and sessions."""

    async def add_link(
        self, *, project_id: str, token_hash: bytes, scope: Scope, lifetime: timedelta
    ) -> None:
        """Keeps a link."""
        ...

    async def take_link(self, token_hash: bytes) -> tuple[str, Scope] | None:
        """The project and scope of a link that is good; nobody can take it again."""
        ...

    async def add_session(self, session: Session) -> None:
        """Keeps a session."""
        ...

    async def find_session(self, project_id: str, session_id: str) -> Session | None:
        """The session, if it stands."""
        ...

    async def delete_session(self, project_id: str, session_id: str) -> None:
        """Ends a session."""
        ...


class KeyRing(Protocol):
    """Knows which API keys are good."""

    async def stands(self, api_key_id: str) -> bool:
        """Whether there is such a key, neither revoked nor expired."""
        ...


class SessionKeeper:
    """Begins, opens and ends sessions."""

    def __init__(
        self,
        sessions: Sessions,
        *,
        keys: KeyRing,
        internal_secret: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sessions = sessions
        self._keys = keys
        self._key = _derive(internal_secret, b"timeloom console session 1")
        self._csrf_key = _derive(internal_secret, b"timeloom anti-forgery token 1")
        self._clock = clock
        self._known: LruCache[str, tuple[Session, float]] = LruCache(_CACHED_SESSIONS_MAX)

    async def create_link(self, identity: Identity) -> str:
        """The token of a new link, which begins one session for the identity."""
        token = secrets.token_urlsafe(32)
        await self._sessions.add_link(
            project_id=identity.project_id,
            token_hash=_hash(token),
            scope=min(identity.scope, Scope.ADMIN),
            lifetime=LINK_LIFETIME,
        )
        return token

    async def begin(self, token: str) -> OpenSession:
        """Begins the session of a link.

        Raises:
            UnauthenticatedError: The link was used, has expired, or never existed.
        """
        found = await self._sessions.take_link(_hash(token))
        if found is None:
            raise UnauthenticatedError("This link was used before, or has expired: ask for a new one.")
        project_id, scope = found
        return await self.begin_as(Identity(project_id=project_id, scope=scope))

    async def begin_as(self, identity: Identity) -> OpenSession:
        """Begins a session of the identity; if it came by an API key, the session ends with that key."""
        session = Session(
            project_id=identity.project_id,
            session_id=str(uuid4()),
            scope=min(identity.scope, Scope.ADMIN),
            expire_time=datetime.fromtimestamp(self._clock(), UTC) + SESSION_LIFETIME,
            api_key_id=identity.api_key_id,
        )
        await self._sessions.add_session(session)
        return self._opened(session, new_cookie=self._sign(session))

    async def open(self, cookie: str) -> OpenSession:
        """The session of a cookie.

        Raises:
            SessionExpiredError: The cookie is not ours or too old, or its session has ended.
        """
        project_id, session_id, issue_time = self._verify(cookie)
        session = await self._find(project_id, session_id)
        is_old = self._clock() - issue_time > ROTATION_SECONDS
        return self._opened(session, new_cookie=self._sign(session) if is_old else "")

    async def end(self, session: Session) -> None:
        """Ends a session: its cookies are worth nothing from now on."""
        await self._sessions.delete_session(session.project_id, session.session_id)
        self._known.discard(session.session_id)

    def is_csrf_token(self, session: Session, token: str) -> bool:
        """Whether this is the session's anti-forgery token."""
        return hmac.compare_digest(self._csrf_token(session).encode(), token.encode())

    async def _find(self, project_id: str, session_id: str) -> Session:
        known = self._known.get(session_id)
        now = self._clock()
        if known is not None and known[1] > now:
            return known[0]
        session = await self._sessions.find_session(project_id, session_id)
        if session is None:
            self._known.discard(session_id)
            raise SessionExpiredError("The session has ended.")
        if session.api_key_id and not await self._keys.stands(session.api_key_id):
            await self.end(session)
            raise SessionExpiredError("The API key that began this session does not work any more.")
        self._known.put(session_id, (session, now + _CACHE_SECONDS))
        return session

    def _opened(self, session: Session, *, new_cookie: str) -> OpenSession:
        return OpenSession(session=session, csrf_token=self._csrf_token(session), new_cookie=new_cookie)

    def _csrf_token(self, session: Session) -> str:
        return hmac.digest(self._csrf_key, session.session_id.encode(), hashlib.sha256).hex()

    def _sign(self, session: Session) -> str:
        now = int(self._clock())
        claims = {
            "aud": _AUDIENCE,
            "sub": session.project_id,
            "sid": session.session_id,
            "iat": now,
            "exp": min(now + COOKIE_SECONDS, int(session.expire_time.timestamp())),
        }
        return web_tokens.sign(claims, self._key)

    def _verify(self, cookie: str) -> tuple[str, str, float]:
        try:
            claims = web_tokens.verified(cookie, self._key)
            if claims["aud"] != _AUDIENCE:
                raise SessionExpiredError("The session cookie is not valid.")
            issue_time, expire_time = float(claims["iat"]), float(claims["exp"])
            project_id, session_id = str(claims["sub"]), str(claims["sid"])
        except (web_tokens.InvalidTokenError, KeyError, TypeError, ValueError):
            raise SessionExpiredError("The session cookie is not valid.") from None
        if expire_time <= self._clock():
            raise SessionExpiredError("The session has expired.")
        return project_id, session_id, issue_time


def _derive(secret: str, purpose: bytes) -> bytes:
    return hmac.digest(secret.encode(), purpose, hashlib.sha256)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
