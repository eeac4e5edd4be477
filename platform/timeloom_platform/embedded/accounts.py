"""The account a server runs under: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from timeloom_platform.embedded.errors import EmbeddedError

# Accounts that systems bring along, the fitting one first. We create none.
_UNPRIVILEGED_ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user of the operating system and its primary group."""

    name: str
    uid: int
    gid: int

    @classmethod
    def named(cls, name: str) -> Self:
        """Looks the account up; a KeyError if there is none."""
        entry = pwd.getpwnam(name)
        return cls(name=name, uid=entry.pw_uid, gid=entry.pw_gid)

    @classmethod
    def owning(cls, path: Path) -> Self:
        """The account that owns a file; a number stands for a name that the user database lacks."""
        owner = path.stat()
        try:
            entry = pwd.getpwuid(owner.st_uid)
        except KeyError:
            return cls(name=str(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
        return cls(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)

    def assume(self) -> None:
        """Turns the calling process into the account's, for good (between fork and exec)."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def unprivileged_account(directory: Path) -> Account | None:
    """Chooses who runs a server that refuses root, with its data in `directory`.

    None means ourselves. As root it is the owner of the directory or of its nearest existing parent (`sudo`
    in a user's folder keeps the files the user's), else an account that systems have for such a purpose.
    """
    if os.geteuid() != 0:
        return None
    existing = next(folder for folder in (directory, *directory.parents) if folder.exists())
    owner = Account.owning(existing)
    if owner.uid != 0:
        return owner
    for name in _UNPRIVILEGED_ACCOUNTS:
        try:
            return Account.named(name)
        except KeyError:
            continue
    accounts = " or ".join(_UNPRIVILEGED_ACCOUNTS)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and this system has no account {accounts} to run it: "
        "start Timeloom as an ordinary user"
    )


def blocking_folder(path: Path, account: Account) -> Path | None:
    """Finds the first folder on the way to `path` that the account may not enter; None if the way is free."""
    for folder in reversed(path.resolve().parents):
        if folder.exists() and not _may_enter(folder.stat(), account):
            return folder
    return None


def _may_enter(folder: os.stat_result, account: Account) -> bool:
    if folder.st_uid == account.uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == account.gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
