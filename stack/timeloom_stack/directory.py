"""The data directory: one folder that holds all that an installation on this machine keeps."""

import os
from pathlib import Path

from timeloom_stack.errors import DataDirectoryError
from timeloom_stack.files import write_atomically

FORMAT = 1
"""Raised when an older Timeloom could not use what this one writes."""

# As root, PostgreSQL's account must pass through the folder; it still cannot list it.
_MODE_FOR_ROOT = 0o711
_MODE = 0o700


class DataDirectory:
    """Knows where everything lies; makes nothing until `prepare`."""

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would follow the user's own links
        self.lock_file = self.root / "lock"
        self.state_file = self.root / "state.json"
        self.format_file = self.root / "format"
        self.credentials_file = self.root / "credentials.json"
        self.logs = self.root / "logs"
        self.secrets = self.root / "secrets"
        self.postgres = self.root / "postgres"
        self.nats = self.root / "nats"
        self.models = self.root / "models"
        self.graphs = self.root / "graphs"
        self.shapes = self.root / "shapes"

    def log_file(self, service: str) -> Path:
        """The newest log of a service; older ones have a number appended."""
        return self.logs / f"{service}.log"

    def prepare(self) -> None:
        """Makes the folders, or refuses those that this user or this version cannot use."""
        try:
            self._make_folders()
        except OSError as error:
            raise DataDirectoryError(
                f"{error.filename or self.root} cannot be used: {error.strerror}",
                remedies=(
                    "choose another folder: TIMELOOM_DATA_DIR=… timeloom up",
                    *self._owner_remedies(),
                ),
            ) from error

    def read_format(self) -> int | None:
        """The format of what is in the folder; None if it says nothing readable."""
        try:
            return int(self.format_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _make_folders(self) -> None:
        mode = _MODE_FOR_ROOT if os.geteuid() == 0 else _MODE
        if not self.root.exists():
            self.root.mkdir(mode=mode, parents=True)
            write_atomically(self.root / ".gitignore", "*\n")
        for folder in (self.logs, self.secrets):
            folder.mkdir(mode=_MODE, exist_ok=True)
        self._check_format()

    def _check_format(self) -> None:
        found = self.read_format()
        if found is not None and found > FORMAT:
            raise DataDirectoryError(
                f"{self.root} was made by a newer Timeloom (format {found}; this one knows up to {FORMAT})",
                remedies=("update Timeloom", "choose another folder: TIMELOOM_DATA_DIR=… timeloom up"),
            )
        if found != FORMAT:
            write_atomically(self.format_file, f"{FORMAT}\n")

    def _owner_remedies(self) -> tuple[str, ...]:
        existing = next(folder for folder in (self.root, *self.root.parents) if folder.exists())
        owner = existing.stat().st_uid
        if owner == os.geteuid():
            return ()
        return (
            f"{existing} belongs to user {owner}, and you are {os.geteuid()}: start Timeloom as its owner",
        )
