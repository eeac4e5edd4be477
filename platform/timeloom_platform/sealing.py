"""Sealing: secrets are kept so that nobody who has the database alone can read them.

Each project has a data key, and a secret is sealed with it by AES-256-GCM. The data key is kept wrapped with
the installation's master key, which comes from the settings and is in no database. So another master key
means to wrap the data keys anew, and leaves what is sealed as it is.

What is sealed is bound to its place: brought to another row, or to another project, it does not open.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from timeloom_platform.errors import DataLossError, UnavailableError
from timeloom_platform.settings import secret

MASTER_KEY_CHARACTERS_MIN: Final = 32
MASTER_KEYS_MAX: Final = 10
SEPARATOR: Final = ","

_KEY_BYTES: Final = 32
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_FORM: Final = b"\x01"
_KEY_PURPOSE: Final = b"timeloom sealing: key"
_ID_PURPOSE: Final = b"timeloom sealing: id"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingSettings:
    """What a service reads that seals.

    Attributes:
        sealing_key: The master key: at least 32 characters, chosen at random.
        sealing_other_keys: Others that data keys may still be wrapped with, or soon will be; by commas.
    """

    sealing_key: str = secret()
    sealing_other_keys: str = secret(default="")

    def __post_init__(self) -> None:
        others = self.sealing_other_keys.split(SEPARATOR) if self.sealing_other_keys else []
        if len(others) >= MASTER_KEYS_MAX:
            raise ValueError(f"TIMELOOM_SEALING_OTHER_KEYS must be fewer than {MASTER_KEYS_MAX}")
        for variable, keys in (
            ("TIMELOOM_SEALING_KEY", [self.sealing_key]),
            ("TIMELOOM_SEALING_OTHER_KEYS", others),
        ):
            if any(len(key.strip()) < MASTER_KEY_CHARACTERS_MIN for key in keys):
                raise ValueError(f"{variable} must have at least {MASTER_KEY_CHARACTERS_MIN} characters")

    def master_keys(self) -> MasterKeys:
        """Returns the keys, ready for use."""
        others = self.sealing_other_keys.split(SEPARATOR) if self.sealing_other_keys else []
        return MasterKeys(self.sealing_key, others=others)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A data key as it is kept.

    Attributes:
        master_key_id: Says which master key has wrapped it.
        wrapped: The data key, sealed.
    """

    master_key_id: str
    wrapped: bytes


class DataKey:
    """What the secrets of one project are sealed with."""

    def __init__(self, key: bytes, *, project_id: UUID) -> None:
        self._cipher = AESGCM(key)
        self._project_id = project_id

    def seal(self, plain: bytes, *, place: str) -> bytes:
        """Returns a secret in a form that only this key opens, and only for this place."""
        return _sealed(self._cipher, plain, self._bound(place))

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Returns the secret.

        Raises:
            DataLossError: It was sealed with another key or for another place, or was changed.
        """
        return _opened(self._cipher, sealed, self._bound(place))

    def _bound(self, place: str) -> bytes:
        return f"{self._project_id}/{place}".encode()


class MasterKeys:
    """The installation's master key, and others that may have wrapped what is there."""

    def __init__(self, current: str, *, others: Sequence[str] = ()) -> None:
        """Derive keys and their names from the texts of the settings."""
        keys = [_MasterKey.of(text.strip()) for text in (current, *others)]
        self._current = keys[0]
        self._keys = {key.id: key for key in reversed(keys)}

    @property
    def current_id(self) -> str:
        """The name of the key that wraps what is made from now on."""
        return self._current.id

    @property
    def ids(self) -> Sequence[str]:
        """The names of all keys."""
        return tuple(self._keys)

    def make(self, project_id: UUID) -> WrappedKey:
        """Makes a data key for a project."""
        return self._wrap(os.urandom(_KEY_BYTES), project_id)

    def unwrap(self, wrapped: WrappedKey, project_id: UUID) -> DataKey:
        """Returns a project's data key.

        Raises:
            UnavailableError: The master key that wrapped it is not among the settings.
            DataLossError: It was changed, or is another project's.
        """
        return DataKey(self._opened(wrapped, project_id), project_id=project_id)

    def rewrap(self, wrapped: WrappedKey, project_id: UUID) -> WrappedKey:
        """Returns the same data key, wrapped with the current master key.

        Raises:
            UnavailableError: The master key that wrapped it is not among the settings.
            DataLossError: It was changed, or is another project's.
        """
        return self._wrap(self._opened(wrapped, project_id), project_id)

    def _wrap(self, key: bytes, project_id: UUID) -> WrappedKey:
        sealed = _sealed(self._current.cipher, key, project_id.bytes)
        return WrappedKey(master_key_id=self._current.id, wrapped=sealed)

    def _opened(self, wrapped: WrappedKey, project_id: UUID) -> bytes:
        key = self._keys.get(wrapped.master_key_id)
        if key is None:
            raise UnavailableError(
                f"The project's secrets are sealed under the master key {wrapped.master_key_id}, which the"
                " service was not given."
            )
        return _opened(key.cipher, wrapped.wrapped, project_id.bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MasterKey:
    id: str
    cipher: AESGCM = field(repr=False)

    @classmethod
    def of(cls, text: str) -> _MasterKey:
        return cls(
            id=_derived(text, _ID_PURPOSE, _ID_BYTES).hex(),
            cipher=AESGCM(_derived(text, _KEY_PURPOSE, _KEY_BYTES)),
        )


def _derived(text: str, purpose: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=purpose).derive(text.encode())


def _sealed(cipher: AESGCM, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _FORM + nonce + cipher.encrypt(nonce, plain, bound)


def _opened(cipher: AESGCM, sealed: bytes, bound: bytes) -> bytes:
    nonce, box = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        if sealed[:1] == _FORM:
            return cipher.decrypt(nonce, box, bound)
    except (InvalidTag, ValueError):
        pass
    raise DataLossError("A secret cannot be opened: it was changed, or brought to another place.")
