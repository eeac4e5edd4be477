"""Page tokens that only this installation can have made, and only for this very list.

A token is a position in a list, authenticated with HMAC-SHA256 under the internal secret together with
everything that identifies the list: the method, the project, the filter, the order. Changed anywhere, or
brought to another list, it is refused; it is not encrypted, and holds nothing worth hiding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

import msgspec

from timeloom_platform.errors import InvalidPageTokenError

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 1000
TOKEN_CHARACTERS_MAX = 1024

_MAC_BYTES = 16
_PURPOSE = b"timeloom page token 1"

T = TypeVar("T")
Scalar: TypeAlias = str | int | float | bool | None
ListIdentity: TypeAlias = Mapping[str, Scalar | Sequence[Scalar]]


def page_size(requested: int) -> int:
    """Return how many entries a page gets: as many as requested, 50 if that is zero, never above 1,000."""
    return min(requested or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some entries of a list, and the token of what follows them; empty at the list's end."""

    entries: tuple[T, ...]
    next_page_token: str = ""


class Cursors:
    """Makes page tokens, and reads those that it made."""

    def __init__(self, secret: str) -> None:
        """Derive the key of the tokens from the internal secret, so that it serves nothing else."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def encode(self, position: Sequence[Scalar], *, of: ListIdentity) -> str:
        """Return the token for the entry after which the next page begins.

        Args:
            position: The values that the list is ordered by, of the last entry of this page.
            of: What identifies the list, such as `{"list": "executions", "project": …, "filter": …}`.
        """
        payload = msgspec.msgpack.encode(list(position))
        token = base64.urlsafe_b64encode(self._mac(payload, of) + payload).rstrip(b"=").decode()
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise ValueError(f"a page token of {len(token)} characters: its position holds too much")
        return token

    def decode(self, token: str, *, of: ListIdentity) -> list[Scalar] | None:
        """Return the position that the token stands for; None for the empty token, the list's beginning.

        Raises:
            InvalidPageTokenError: The token was not made here, not for this list, or was changed.
        """
        if not token:
            return None
        try:
            # Only the form without padding is made, and so only that one is read: one token, one text.
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise _invalid() from None
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token
        if not (hmac.compare_digest(mac, self._mac(payload, of)) and canonical):
            raise _invalid()
        return msgspec.msgpack.decode(payload, type=list[str | int | float | bool | None])

    def page(
        self,
        found: Sequence[T],
        *,
        limit: int,
        of: ListIdentity,
        position: Callable[[T], Sequence[Scalar]],
    ) -> Page[T]:
        """Return the page of `limit` entries; one more was asked for, to see whether a page follows."""
        if len(found) <= limit:
            return Page(entries=tuple(found))
        return Page(
            entries=tuple(found[:limit]), next_page_token=self.encode(position(found[limit - 1]), of=of)
        )

    def _mac(self, payload: bytes, of: ListIdentity) -> bytes:
        identity = msgspec.msgpack.encode(dict(of), order="sorted")
        message = len(identity).to_bytes(4, "big") + identity + payload
        return hmac.digest(self._key, message, hashlib.sha256)[:_MAC_BYTES]


def _invalid() -> InvalidPageTokenError:
    return InvalidPageTokenError("The page token was not made for this list; begin again without one.")
