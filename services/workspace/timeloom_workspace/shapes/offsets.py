"""Places in a shape: of its snapshot's chunks (`0_N`), and of its log's entries (`<LSN>_<number>`)."""

from __future__ import annotations

from typing import Final, NamedTuple


class Offset(NamedTuple):
    """A place; they compare as they follow one another."""

    lsn: int
    operation: int

    def __str__(self) -> str:
        return "-1" if self.lsn < 0 else f"{self.lsn}_{self.operation}"

    @property
    def is_in_snapshot(self) -> bool:
        """Whether it is the place of a snapshot's chunk."""
        return self.lsn == 0


BEFORE_ALL: Final = Offset(-1, 0)
