"""Calling webhooks. The client is made with the first call: most installations never make one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from timeloom_observability.alerts.limits import DELIVERY_ANSWER_BYTES_MAX, DELIVERY_TIMEOUT_SECONDS
from timeloom_platform.outgoing.addresses import Addresses
from timeloom_platform.outgoing.errors import OutgoingError
from timeloom_platform.outgoing.signing import DELIVERY_HEADER, SIGNATURE_HEADER, signature

if TYPE_CHECKING:
    from timeloom_platform.outgoing.http_client import HttpClient

USER_AGENT: Final = "timeloom-alerts"
_SUCCESS: Final = range(200, 300)
_TRIED_AGAIN: Final = frozenset({408, 409, 421, 423, 425, 429})
_SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a call did not reach anybody.

    Attributes:
        is_final: Calling again cannot help.
        retry_after_seconds: When calling again makes sense, if whoever was called has said so.
    """

    reason: str
    is_final: bool = False
    retry_after_seconds: float = 0.0


class Webhooks:
    """Calls them; closed by its owner."""

    def __init__(self, addresses: Addresses) -> None:
        """Take what may be connected to."""
        self._addresses = addresses
        self._client: HttpClient | None = None

    async def call(self, url: str, body: bytes, *, secret: str, delivery_id: str) -> Failure | None:
        """Calls one, and returns why it did not succeed; None if it did.

        Args:
            url: Where it is.
            body: A JSON document.
            secret: What signs it; nothing does if it is empty.
            delivery_id: The same each time that the same is told.
        """
        # httpx takes longer to import than all of this.
        from timeloom_platform.outgoing.http_client import HttpClient, parsed_url  # noqa: PLC0415 - see above

        if self._client is None:
            self._client = HttpClient(self._addresses, user_agent=USER_AGENT)
        headers = [("content-type", "application/json"), (DELIVERY_HEADER, delivery_id)]
        if secret:
            headers.append((SIGNATURE_HEADER, signature(secret, body, at=int(time.time()))))
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                answer = await self._client.request(
                    "POST",
                    parsed_url(url),
                    headers=headers,
                    content=body,
                    timeout_seconds=DELIVERY_TIMEOUT_SECONDS,
                    answer_bytes_max=DELIVERY_ANSWER_BYTES_MAX,
                )
        except TimeoutError:
            return Failure(reason=f"It was not answered within {DELIVERY_TIMEOUT_SECONDS:.0f} seconds")
        except OutgoingError as error:
            return Failure(reason=error.message, is_final=error.is_final)
        if answer.status in _SUCCESS:
            return None
        return Failure(
            reason=f"It was answered with status {answer.status}",
            is_final=answer.status < _SERVER_ERROR and answer.status not in _TRIED_AGAIN,
            retry_after_seconds=answer.retry_after_seconds or 0.0,
        )

    async def close(self) -> None:
        """Closes its connections."""
        if self._client is not None:
            await self._client.close()
