"""Signatures of webhook calls: `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`. Pure.

A secret is derived from the installation's and from the webhook's address, so that none is stored; another
generation is another secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

from timeloom_workflows.errors import InvalidSignatureError

TOLERANCE_SECONDS: Final = 300
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with

_PURPOSE: Final = b"timeloom workflows webhook 1"
_SIGNATURE: Final = re.compile(r"t=(?P<time>[0-9]{1,12})(?P<codes>(?:,v1=[0-9a-f]{64}){1,5})")


class WebhookSecrets:
    """Makes the secrets of webhooks."""

    def __init__(self, secret: str) -> None:
        """Take the installation's secret."""
        self._key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)

    def secret(self, hook_id: str, generation: int) -> str:
        """Returns what the callers of a webhook sign with."""
        digest = hmac.digest(self._key, f"{hook_id}/{generation}".encode(), hashlib.sha256)
        return SECRET_PREFIX + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def sign(secret: str, body: bytes, *, seconds: int) -> str:
    """Returns the signature of a call that is made at a time."""
    return f"t={seconds},v1={_code(secret, body, str(seconds))}"


def verify(signature: str, body: bytes, *, secret: str, now: float) -> None:
    """Does nothing if a call's signature is right and new.

    There may be several codes, of an old and of a new secret: one that is right is enough.

    Raises:
        InvalidSignatureError: It is not.
    """
    found = _SIGNATURE.fullmatch(signature)
    if found is None:
        raise InvalidSignatureError(
            "The call has no signature of the form `t=<seconds>,v1=<hex>` in its header `Timeloom-Signature`."
        )
    expected = _code(secret, body, found["time"])
    codes = [code.removeprefix("v1=") for code in found["codes"].split(",") if code]
    # All are compared, so that the time it takes says nothing.
    if sum(hmac.compare_digest(code, expected) for code in codes) == 0:
        raise InvalidSignatureError("The signature is not that of this body under this webhook's secret.")
    if abs(now - int(found["time"])) > TOLERANCE_SECONDS:
        raise InvalidSignatureError(
            f"The call was not signed within {TOLERANCE_SECONDS // 60} minutes of now, by our clock."
        )


def _code(secret: str, body: bytes, seconds: str) -> str:
    return hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
