"""The form of an API key: `tl_<id>_<secret>`, 80 random bits of public name and 256 of secret.

Only the SHA-256 of the secret is ever stored. A plain hash is enough, because the secret is random and
long: there is nothing to guess that a slow hash would protect.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from timeloom_platform.errors import InvalidApiKeyError

_ID_BYTES = 10
_SECRET_BYTES = 32
_FORM = re.compile(r"tl_([a-z2-7]{16})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyParts:
    """A key taken apart."""

    key_id: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"tl_{self.key_id}_{self.secret}"

    @property
    def secret_hash(self) -> bytes:
        """What is stored instead of the secret."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, secret_hash: bytes) -> bool:
        """Tell in constant time whether this is the secret of the hash."""
        return hmac.compare_digest(self.secret_hash, secret_hash)


def new_api_key(key_id: str = "") -> ApiKeyParts:
    """Return a new key; of the same id with a new secret, if an id is given."""
    return ApiKeyParts(
        key_id=key_id or base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().lower(),
        secret=secrets.token_urlsafe(_SECRET_BYTES),
    )


def parse_api_key(text: str) -> ApiKeyParts:
    """Take a key apart.

    Raises:
        InvalidApiKeyError: It does not have the form of a key.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidApiKeyError("This is not an API key of Timeloom.")
    return ApiKeyParts(key_id=match[1], secret=match[2])
