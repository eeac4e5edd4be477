"""What can be wrong with a snapshot, besides what can be wrong anywhere."""

from __future__ import annotations

from typing import Final

from timeloom.state.canonical import CanonicalError
from timeloom_platform.errors import (
    InvalidFieldError,
    MalformedJsonError,
    TimeloomError,
    TooLargeError,
    UnavailableError,
)


class ExecutionEndedError(TimeloomError):
    """The execution has ended and takes no more snapshots."""

    status = "FAILED_PRECONDITION"
    reason = "EXECUTION_ENDED"


class DeltaMismatchError(TimeloomError):
    """The delta does not apply to the state of its parent snapshot."""

    status = "FAILED_PRECONDITION"
    reason = "DELTA_MISMATCH"


class StateHashMismatchError(TimeloomError):
    """The state does not have the hash that the caller expected."""

    status = "FAILED_PRECONDITION"
    reason = "STATE_HASH_MISMATCH"


class SnapshotInUseError(TimeloomError):
    """The snapshot is a head, or other executions share it."""

    status = "FAILED_PRECONDITION"
    reason = "SNAPSHOT_IN_USE"


class DamagedFileError(TimeloomError):
    """The file is truncated, or was changed after it was written."""

    status = "INVALID_ARGUMENT"
    reason = "DAMAGED_FILE"


class StaleHeadError(TimeloomError):
    """The execution does not stand where the caller believes."""

    status = "ABORTED"
    reason = "STALE_HEAD"


class PatchMismatchError(TimeloomError):
    """The patch does not apply to the state."""

    status = "FAILED_PRECONDITION"
    reason = "PATCH_MISMATCH"


NUL: Final = "\x00"
RETRY_AFTER_SECONDS: Final = 0.5


def about_to_stop() -> UnavailableError:
    """Returns the error that sends callers to another replica."""
    return UnavailableError("The service is about to stop.", retry_after_seconds=RETRY_AFTER_SECONDS)


def refuse_larger(size_bytes: int, limit_bytes: int, what: str) -> None:
    """Refuses what is larger than its limit, and names both numbers.

    Raises:
        TooLargeError: It is.
    """
    if size_bytes > limit_bytes:
        raise TooLargeError(
            f"{what} has {size_bytes:,} bytes in canonical form; at most {limit_bytes:,} are allowed.",
            metadata={"sizeBytes": str(size_bytes), "limitBytes": str(limit_bytes)},
        )


def malformed(field: str, error: CanonicalError) -> TimeloomError:
    """Returns the error for a JSON document that has no canonical form."""
    return MalformedJsonError(
        f"{field}: {error}", violations=InvalidFieldError.of(field, str(error)).violations
    )


def refuse_nul(field: str, text: str) -> None:
    """Refuses the one character that PostgreSQL keeps in no text.

    Raises:
        InvalidFieldError: The text has it.
    """
    if NUL in text:
        raise InvalidFieldError.of(field, "must not contain the character U+0000")
