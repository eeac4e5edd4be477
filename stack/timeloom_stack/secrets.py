"""The passwords and keys of an installation: made once, kept in files that only their owner reads."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from timeloom_platform.embedded.postgres import PostgresPasswords
from timeloom_stack.files import PRIVATE, write_atomically

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What `secrets/` holds, a file for each."""

    postgres_superuser: str = field(repr=False)
    postgres_owner: str = field(repr=False)
    nats: str = field(repr=False)
    internal: str = field(repr=False)
    internal_file: Path
    sealing_file: Path

    @classmethod
    def load_or_create(cls, folder: Path) -> Self:
        """Reads them; makes those that are missing."""
        internal_file, sealing_file = folder / "internal", folder / "sealing"
        _load_or_create(sealing_file)
        return cls(
            postgres_superuser=_load_or_create(folder / "postgres-superuser"),
            postgres_owner=_load_or_create(folder / "postgres-owner"),
            nats=_load_or_create(folder / "nats"),
            internal=_load_or_create(internal_file),
            internal_file=internal_file,
            sealing_file=sealing_file,
        )

    @staticmethod
    def exist(folder: Path) -> bool:
        """Whether those are there that the embedded cluster was made with."""
        return (folder / "postgres-superuser").exists() and (folder / "postgres-owner").exists()

    @property
    def postgres(self) -> PostgresPasswords:
        """The embedded cluster's."""
        return PostgresPasswords(superuser=self.postgres_superuser, owner=self.postgres_owner)


def read_internal_secret(folder: Path) -> str:
    """The key that all services of the installation share; a FileNotFoundError before the first start."""
    return (folder / "internal").read_text(encoding="utf-8").strip()


def _load_or_create(file: Path) -> str:
    try:
        kept = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        kept = ""
    if not kept:
        kept = secrets.token_urlsafe(_BYTES)
        write_atomically(file, kept + "\n", mode=PRIVATE)
    return kept
