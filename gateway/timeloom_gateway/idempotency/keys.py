"""One effect for each key: the first request with a key executes, the others get its answer.

A claim on the key is committed before the call is made. Whoever comes second waits for the
answer, for a bounded time; whoever brings another request under the same key is refused.
Answers that say "try again" are not recorded: the key is free again. If a gateway dies
between the claim and the record, the claim lapses after its lease, and the next attempt
executes the request again; services have keys of their own where even that must not be.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import uuid4

from timeloom_gateway.web.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError
from timeloom_platform.errors import AlreadyExistsError, InvalidFieldError
from timeloom_platform.web.messages import Reply, Request

KEY_CHARACTERS_MAX: Final = 200
WAIT_SECONDS_MAX: Final = 10.0
LEASE_SECONDS: Final = 660.0
"""Longer than any request may take."""
KEPT_SECONDS: Final = 24 * 3600.0

_POLL_SECONDS: Final = 0.02
_POLL_SECONDS_MAX: Final = 0.5
_RETRYABLE: Final = frozenset({401, 403, 408, 429, 500, 502, 503, 504})
"""Statuses that say nothing final about the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a key."""

    fingerprint: bytes
    reply: Reply | None
    """The answer; None while the first request is being executed."""


class Records(Protocol):
    """Keeps the keys of all projects."""

    async def claim(self, project_id: str, key: str, *, fingerprint: bytes, owner: str) -> Record | None:
        """Claims a key for `owner` and returns None, or returns the record of who has it."""
        ...

    async def complete(self, project_id: str, key: str, *, owner: str, reply: Reply) -> None:
        """Records the answer of the owner's request."""
        ...

    async def release(self, project_id: str, key: str, *, owner: str) -> None:
        """Gives up the owner's claim."""
        ...


class Idempotency:
    """Executes requests that have a key."""

    def __init__(self, records: Records, *, wait_seconds: float = WAIT_SECONDS_MAX) -> None:
        self._records = records
        self._wait_seconds = wait_seconds

    async def once(
        self,
        project_id: str,
        key: str,
        fingerprint: bytes,
        execute: Callable[[], Awaitable[Reply]],
        *,
        shows_secret: bool = False,
    ) -> Reply:
        """The answer of the first request with this key, which may be this one.

        An answer that shows a secret is not kept; a repetition is only told that there was one.

        Raises:
            AlreadyExistsError: The first request succeeded, and its answer showed a secret.
            IdempotencyKeyReusedError: The key belongs to a different request.
            IdempotencyKeyInUseError: The first request did not finish while this one waited.
        """
        owner = uuid4().hex
        record = await self._claim_or_wait(project_id, key, fingerprint, owner)
        if record is not None and record.reply is not None:
            if shows_secret and record.reply.status < 300:
                raise AlreadyExistsError(
                    "The request with this key has succeeded; its answer showed a secret and was not kept."
                )
            return replace(record.reply, headers={**record.reply.headers, "idempotency-replayed": "true"})
        # Shielded: a client that does not wait must not keep the record from being written.
        return await asyncio.shield(self._execute(project_id, key, owner, execute, shows_secret=shows_secret))

    async def _claim_or_wait(
        self, project_id: str, key: str, fingerprint: bytes, owner: str
    ) -> Record | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._wait_seconds
        pause = _POLL_SECONDS
        while True:
            record = await self._records.claim(project_id, key, fingerprint=fingerprint, owner=owner)
            if record is None:
                return None
            if record.fingerprint != fingerprint:
                raise IdempotencyKeyReusedError("This idempotency key was used for a different request.")
            if record.reply is not None:
                return record
            if clock() + pause > deadline:
                raise IdempotencyKeyInUseError(
                    "The first request with this idempotency key has not finished yet.",
                    retry_after_seconds=1.0,
                )
            await asyncio.sleep(pause)
            pause = min(pause * 2, _POLL_SECONDS_MAX)

    async def _execute(
        self,
        project_id: str,
        key: str,
        owner: str,
        execute: Callable[[], Awaitable[Reply]],
        *,
        shows_secret: bool,
    ) -> Reply:
        try:
            reply = await execute()
        except BaseException:
            await self._records.release(project_id, key, owner=owner)
            raise
        if reply.status in _RETRYABLE:
            await self._records.release(project_id, key, owner=owner)
        else:
            kept = replace(reply, body=b"") if shows_secret and reply.status < 300 else reply
            await self._records.complete(project_id, key, owner=owner, reply=kept)
        return reply


def key_of(request: Request) -> str:
    """The key of a POST; empty if it has none. Other methods are idempotent by themselves."""
    key = request.optional_header(b"idempotency-key")
    if key is None or request.method != "POST":
        return ""
    if not key or len(key) > KEY_CHARACTERS_MAX or not all("!" <= character <= "~" for character in key):
        raise InvalidFieldError.of(
            "Idempotency-Key", f"must have 1 to {KEY_CHARACTERS_MAX} visible ASCII characters"
        )
    return key


def fingerprint_of(request: Request, body: bytes, *, agent_id: str = "") -> bytes:
    """What makes a request the same request: method, path, query and body, and the agent that it acts as."""
    digest = hashlib.sha256(f"{request.method} {request.path}?{request.query}\n{agent_id}\n".encode())
    digest.update(body)
    return digest.digest()
