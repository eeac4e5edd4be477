"""Who makes a call: identities, the scopes they hold, and the tokens by which services vouch for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

from timeloom_platform import web_tokens
from timeloom_platform.bounded import LruCache
from timeloom_platform.errors import UnauthenticatedError

API_KEY_METADATA = "authorization"
INTERNAL_TOKEN_METADATA = "x-timeloom-identity"  # noqa: S105 - the name of a header, not a secret

INTERNAL_SECRET_BYTES_MIN = 32
TOKEN_SECONDS_MAX = 600
_ISSUER = "timeloom"
_CLOCK_SKEW_SECONDS = 5
_CACHED_TOKENS_MAX = 4096


class Scope(IntEnum):
    """What a caller may do; the numbers are those of `timeloom.type.v1.Scope`."""

    PUBLIC = 1
    READ = 2
    WRITE = 3
    ADMIN = 4
    INTERNAL = 5

    def allows(self, needed: Scope) -> bool:
        """Tell whether a holder of this scope may call a method that needs the other one.

        The scopes nest, so that their order decides. Internal, the highest, is never held by an API key.
        """
        return self >= needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The caller of a call.

    Attributes:
        project_id: The project that it acts for; empty for a service that acts for the installation.
        scope: What it may do there.
        api_key_id: The public part of its API key; empty for a Timeloom service.
        agent_id: The only agent that it may act as; empty if it may act as any, and for the project itself.
    """

    project_id: str
    scope: Scope
    api_key_id: str = ""
    agent_id: str = ""


_identity: ContextVar[Identity] = ContextVar("timeloom_identity")


def current_identity() -> Identity:
    """Return who made the call that is being served.

    Raises:
        UnauthenticatedError: No call is being served here, or it is a public one.
    """
    try:
        return _identity.get()
    except LookupError:
        raise UnauthenticatedError("This needs the identity of a caller") from None


def identity_or_none() -> Identity | None:
    """Return who made the call that is being served, if one is and it is not public."""
    return _identity.get(None)


@contextmanager
def acting_as(identity: Identity) -> Generator[None]:
    """Make the identity current within the block: for background tasks, and for calls within a process."""
    token = _identity.set(identity)
    try:
        yield
    finally:
        _identity.reset(token)


def set_identity(identity: Identity) -> None:
    """Make the identity current for the rest of the task; the interceptor's way, once a call."""
    _identity.set(identity)


class InternalTokens:
    """Mints and verifies the short-lived tokens by which one Timeloom service vouches to another.

    A JWT (RFC 7519) signed with HS256 under the installation's internal secret. Both directions are
    cached, because a signature costs more than the rest of a small call: a minted token is handed out
    again during the first half of its life, a verified one is recognised until it expires.
    """

    def __init__(self, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        """Take the secret that all services of an installation share.

        Raises:
            ValueError: The secret is shorter than 32 bytes, the size of the hash (RFC 7518, 3.2).
        """
        self._key = secret.encode()
        if len(self._key) < INTERNAL_SECRET_BYTES_MIN:
            raise ValueError(f"the internal secret needs at least {INTERNAL_SECRET_BYTES_MIN} bytes")
        self._clock = clock
        self._minted: LruCache[tuple[Identity, int], tuple[str, float]] = LruCache(_CACHED_TOKENS_MAX)
        self._verified: LruCache[str, tuple[Identity, float]] = LruCache(_CACHED_TOKENS_MAX)

    def mint(self, identity: Identity, ttl_seconds: int = 60) -> str:
        """Return a token for the identity that is good for at least half of the time given."""
        if not 0 < ttl_seconds <= TOKEN_SECONDS_MAX:
            raise ValueError(f"a token lives for 1 to {TOKEN_SECONDS_MAX} seconds")
        now = self._clock()
        cached = self._minted.get((identity, ttl_seconds))
        if cached is not None and cached[1] > now:
            return cached[0]
        claims = {
            "iss": _ISSUER,
            "sub": identity.project_id,
            "scope": identity.scope.name,
            "key": identity.api_key_id,
            "agent": identity.agent_id,
            "iat": int(now),
            "exp": int(now) + ttl_seconds,
        }
        token = web_tokens.sign(claims, self._key)
        self._minted.put((identity, ttl_seconds), (token, now + ttl_seconds / 2))
        return token

    def verify(self, token: str) -> Identity:
        """Return the identity that the token vouches for.

        Raises:
            UnauthenticatedError: It is not a token of this installation, or has expired.
        """
        cached = self._verified.get(token)
        if cached is not None and cached[1] > self._clock():
            return cached[0]
        identity, expire_time = self._decode(token)
        self._verified.put(token, (identity, expire_time))
        return identity

    def _decode(self, token: str) -> tuple[Identity, float]:
        try:
            claims = web_tokens.verified(token, self._key)
            if claims["iss"] != _ISSUER:
                raise UnauthenticatedError("The internal token is not valid")
            identity = Identity(
                project_id=_text(claims["sub"]),
                scope=Scope[claims["scope"]],
                api_key_id=_text(claims["key"]),
                agent_id=_text(claims["agent"]),
            )
            expire_time = float(claims["exp"]) + _CLOCK_SKEW_SECONDS
            issue_time = float(claims["iat"]) - _CLOCK_SKEW_SECONDS
        except (web_tokens.InvalidTokenError, KeyError, TypeError, ValueError):
            raise UnauthenticatedError("The internal token is not valid") from None
        if not issue_time <= self._clock() < expire_time:
            raise UnauthenticatedError("The internal token has expired")
        return identity, expire_time


def _text(claim: object) -> str:
    if not isinstance(claim, str):
        raise TypeError("it is not text")
    return claim
