"""What a caller may change of a memory, as a value."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, TypeAlias, cast

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from timeloom.state import canonical
from timeloom_memory import limits
from timeloom_memory.model import Matrix, Memory
from timeloom_platform.errors import InvalidFieldError

_Object: TypeAlias = dict[str, Any]


class MemoryChanges(Struct, frozen=True, kw_only=True):
    """New values for the fields of a memory; what is unset stays.

    Attributes:
        metadata_patch: A JSON merge patch (RFC 7396), decoded.
        occur_time: None sets it back to the memory's creation.
        vector: The caller's own; None if none is given.
    """

    content: str | UnsetType = UNSET
    context: str | UnsetType = UNSET
    kind: int | UnsetType = UNSET
    key: str | UnsetType = UNSET
    metadata_patch: object = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    importance: float | UnsetType = UNSET
    occur_time: datetime | UnsetType | None = UNSET
    valid_from: datetime | UnsetType = UNSET
    valid_to: datetime | UnsetType | None = UNSET
    expire_time: datetime | UnsetType | None = UNSET
    vector: Matrix | None = None
    vector_model: str = ""

    def applied_to(self, memory: Memory) -> Memory:
        """Returns the memory with the new values; its vector is not among them.

        Raises:
            InvalidFieldError: It would hold until before it began to, or have too many metadata.
        """
        values: dict[str, Any] = {
            name: value for name in _PLAIN if (value := getattr(self, name)) is not UNSET
        }
        if self.occur_time is not UNSET:
            values["occur_time"] = self.occur_time or memory.create_time
        if self.metadata_patch is not UNSET:
            values["metadata"] = _patched(memory.metadata, self.metadata_patch)
        changed = replace(memory, **values)
        check_validity(changed.valid_from, changed.valid_to)
        return changed


def check_validity(valid_from: datetime | None, valid_to: datetime | None, *, prefix: str = "") -> None:
    """Does nothing if a memory may hold from one time to the other.

    Raises:
        InvalidFieldError: The end comes before the beginning.
    """
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        raise InvalidFieldError.of(f"{prefix}validTo", "must not be before validFrom")


def merged(target: Any, patch: Any) -> Any:
    """Returns a JSON value with a merge patch (RFC 7396) applied to it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(cast("_Object", target)) if isinstance(target, dict) else {}
    for name, value in cast("_Object", patch).items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _patched(document: str | None, patch: object) -> str | None:
    target = None if document is None else canonical.decode(document.encode())
    encoded = canonical.encode(merged(target, patch))
    if len(encoded) > limits.METADATA_BYTES_MAX:
        raise InvalidFieldError.of(
            "metadata",
            f"would have {len(encoded):,} bytes; at most {limits.METADATA_BYTES_MAX:,} are allowed",
        )
    return None if encoded == b"null" else encoded.decode()


_PLAIN: Final = (
    "content",
    "context",
    "kind",
    "key",
    "tags",
    "importance",
    "valid_from",
    "valid_to",
    "expire_time",
)
