"""Signed tokens: JWTs (RFC 7519) of the one kind that Timeloom issues, HS256 under a secret of its own.

A library for them knows every algorithm there is, and takes 8 MB in each process for it. Here a token has
one header, which is compared as a whole: there is no algorithm for a forger to choose.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

import msgspec

TOKEN_CHARACTERS_MAX: Final = 4_096


class InvalidTokenError(Exception):
    """A text is no token, or was not signed with this key."""


def sign(claims: Mapping[str, object], key: bytes) -> str:
    """Returns the token that says so."""
    signed = b".".join((_HEADER, _encoded(msgspec.json.encode(claims))))
    return b".".join((signed, _signature(signed, key))).decode()


def verified(token: str, key: bytes) -> dict[str, Any]:
    """Returns what a token says. Whether it still holds, and is meant for us, is left to the caller.

    Raises:
        InvalidTokenError: It was not signed with this key, or says nothing.
    """
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise InvalidTokenError("it is too long")
    try:
        signed, _, signature = token.encode("ascii").rpartition(b".")
        header, _, payload = signed.partition(b".")
        if header != _HEADER or not hmac.compare_digest(signature, _signature(signed, key)):
            raise InvalidTokenError("it was not signed with this key")
        return msgspec.json.decode(_decoded(payload), type=dict[str, Any])
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError) as error:
        raise InvalidTokenError("it is not written as a token") from error


def _signature(signed: bytes, key: bytes) -> bytes:
    return _encoded(hmac.digest(key, signed, hashlib.sha256))


def _encoded(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decoded(data: bytes) -> bytes:
    return urlsafe_b64decode(data + b"=" * (-len(data) % 4))


_HEADER: Final = _encoded(b'{"alg":"HS256","typ":"JWT"}')
