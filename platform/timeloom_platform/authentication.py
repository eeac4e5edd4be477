"""From the metadata of a call to the identity of its caller."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from timeloom_platform.api_keys import parse_api_key
from timeloom_platform.auth import (
    API_KEY_METADATA,
    INTERNAL_TOKEN_METADATA,
    Identity,
    InternalTokens,
)
from timeloom_platform.bounded import LruCache
from timeloom_platform.errors import TimeloomError, UnauthenticatedError

CACHE_SECONDS_MAX = 10.0
CACHED_KEYS_MAX = 10_000
CACHED_REFUSALS_MAX = 1_000
_BEARER = "bearer "


class Authenticator(Protocol):
    """Finds out who makes a call."""

    async def authenticate(self, metadata: Mapping[str, str | bytes]) -> Identity:
        """Return the caller's identity.

        Raises:
            UnauthenticatedError: There are no credentials of a known kind.
            InvalidApiKeyError: The key is unknown or was revoked.
            ExpiredApiKeyError: The key is past its expiry time.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedKey:
    """What a key opens, and until when (seconds since the epoch) that may be relied on without asking."""

    identity: Identity
    expire_time: float


class ApiKeyResolver(Protocol):
    """Looks API keys up where they are kept."""

    async def resolve(self, api_key: str) -> ResolvedKey:
        """Return what the well-formed key opens.

        Raises:
            InvalidApiKeyError: The key is unknown or was revoked.
            ExpiredApiKeyError: The key is past its expiry time.
        """
        ...


class CallAuthenticator:
    """Recognises internal tokens by their signature, and API keys through a resolver.

    What the resolver said of a key, good or bad, is relied on for at most ten seconds; concurrent calls
    with the same key ask once. Keys are remembered by their hash only.
    """

    def __init__(
        self, *, tokens: InternalTokens, keys: ApiKeyResolver, clock: Callable[[], float] = time.time
    ) -> None:
        self._tokens = tokens
        self._keys = keys
        self._clock = clock
        self._known: LruCache[bytes, ResolvedKey] = LruCache(CACHED_KEYS_MAX)
        self._refused: LruCache[bytes, tuple[TimeloomError, float]] = LruCache(CACHED_REFUSALS_MAX)
        self._asking: dict[bytes, asyncio.Task[ResolvedKey]] = {}
        self._changes = 0

    async def authenticate(self, metadata: Mapping[str, str | bytes]) -> Identity:
        """Return the identity of the internal token if there is one, or else of the API key."""
        token = metadata.get(INTERNAL_TOKEN_METADATA)
        if token is not None:
            return self._tokens.verify(str(token))
        authorization = metadata.get(API_KEY_METADATA)
        if authorization is None:
            raise UnauthenticatedError("This needs an API key: authorization: Bearer tl_…")
        text = str(authorization)
        if text[: len(_BEARER)].lower() != _BEARER:
            raise UnauthenticatedError("The authorization must be: Bearer tl_…")
        return await self.authenticate_api_key(text[len(_BEARER) :].strip())

    async def authenticate_api_key(self, api_key: str) -> Identity:
        """Return the identity that the key stands for."""
        digest = hashlib.sha256(api_key.encode()).digest()
        known = self._known.get(digest)
        if known is not None and known.expire_time > self._clock():
            return known.identity
        refused = self._refused.get(digest)
        if refused is not None and refused[1] > self._clock():
            raise type(refused[0])(refused[0].message)
        return (await self._ask_once(digest, api_key)).identity

    def forget(self, api_key_id: str) -> None:
        """Ask anew about the key from now on; for when it was revoked or rotated in this process."""
        self._changes += 1
        self._known.discard_where(lambda resolved: resolved.identity.api_key_id == api_key_id)

    async def _ask_once(self, digest: bytes, api_key: str) -> ResolvedKey:
        asking = self._asking.get(digest)
        if asking is None:
            asking = asyncio.create_task(self._ask(digest, api_key))
            self._asking[digest] = asking
            asking.add_done_callback(lambda task: self._answered(digest, task))
        # Shielded, because the others who wait for the same answer must not be cancelled with this call.
        return await asyncio.shield(asking)

    def _answered(self, digest: bytes, task: asyncio.Task[ResolvedKey]) -> None:
        self._asking.pop(digest, None)
        if not task.cancelled():
            task.exception()  # seen, even if every call that waited for it has gone

    async def _ask(self, digest: bytes, api_key: str) -> ResolvedKey:
        latest = self._clock() + CACHE_SECONDS_MAX
        changes = self._changes
        try:
            parse_api_key(api_key)
            resolved = await self._keys.resolve(api_key)
        except TimeloomError as error:
            if error.status == "UNAUTHENTICATED":
                self._refused.put(digest, (error, latest))
            raise
        bounded = ResolvedKey(identity=resolved.identity, expire_time=min(resolved.expire_time, latest))
        if changes == self._changes:  # else the answer may be older than a revocation
            self._known.put(digest, bounded)
        return bounded
