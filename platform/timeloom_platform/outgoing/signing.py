"""How webhook calls are signed: `t=<seconds since 1970>,v1=<hex of HMAC-SHA256 over "<t>.<body>">`. Pure."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "timeloom-signature"
DELIVERY_HEADER: Final = "timeloom-delivery"
"""The same in every try, so that whoever is called can tell a repetition from something new."""


def signature(secret: str, body: bytes, *, at: int) -> str:
    """Return the signature of a body at a time, in seconds since 1970."""
    code = hmac.digest(secret.encode(), b"%d." % at + body, hashlib.sha256).hex()
    return f"t={at},v1={code}"
