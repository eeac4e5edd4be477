"""The operations of a delta and their JSON form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

import msgspec

from timeloom.state import canonical

_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Path: TypeAlias = tuple[str | _Count, ...]
"""Names of members and indexes of elements, from the root on."""


class Set(msgspec.Struct, tag="set", array_like=True, frozen=True, gc=False, forbid_unknown_fields=True):
    """Puts a value at a path: a member, new or not, an element that is there, or the root."""

    path: Path
    value: Any


class Remove(
    msgspec.Struct, tag="remove", array_like=True, frozen=True, gc=False, forbid_unknown_fields=True
):
    """Removes the member of an object."""

    path: Path


class Splice(
    msgspec.Struct, tag="splice", array_like=True, frozen=True, gc=False, forbid_unknown_fields=True
):
    """Replaces a run of a list's elements, or of a string's code points, by others."""

    path: Path
    index: _Count
    delete_count: _Count
    values: list[Any] | str


Operation: TypeAlias = Set | Remove | Splice

OPERATIONS_MAX: Final = 10_000
"""How many operations a delta may have: each may cost as much as the list or text that it changes is long."""

_decoder: Final = msgspec.json.Decoder(list[Operation])


class DeltaError(ValueError):
    """The delta is malformed, or does not apply to this state; the message names the operation."""


def sets_root(operations: Sequence[Operation]) -> bool:
    """Tells whether a delta begins with a whole new state: what it leads to depends on nothing before."""
    return bool(operations) and type(operations[0]) is Set and not operations[0].path


def encode(operations: Sequence[Operation]) -> bytes:
    """Encodes a delta in canonical form."""
    return canonical.encode_trusted(operations)


def decode(data: bytes) -> list[Operation]:
    """Decodes a delta that may come from anywhere.

    Raises:
        DeltaError: it is no delta, or a value in it has no canonical form.
    """
    return parse(data)[0]


def parse(data: bytes) -> tuple[list[Operation], bytes]:
    """Decodes a delta that may come from anywhere, and returns its canonical form, too.

    Raises:
        DeltaError: it is no delta, or a value in it has no canonical form.
    """
    try:
        operations = _decoder.decode(data)
        encoded = encode(operations)
        canonical.refuse_duplicate_names(data, encoded)
    except RecursionError:
        raise DeltaError(f"a value is nested deeper than {canonical.MAX_DEPTH} levels") from None
    except UnicodeDecodeError as error:
        raise DeltaError(f"a string is not UTF-8: {error.reason}") from None
    except (msgspec.DecodeError, canonical.CanonicalError) as error:
        raise DeltaError(str(error)) from None
    _refuse_depth(data, operations)
    if len(operations) > OPERATIONS_MAX:
        raise DeltaError(
            f"a delta has at most {OPERATIONS_MAX:,} operations, this one has {len(operations):,}"
        )
    return operations, encoded


decode_trusted: Final = _decoder.decode
"""Decodes bytes that `encode` returned; nothing but the form is checked."""


decode_trusted_all: Final = msgspec.json.Decoder(list[list[Operation]]).decode
"""Decodes a JSON array of deltas that `encode` returned."""


def _refuse_depth(data: bytes, operations: Sequence[Operation]) -> None:
    brackets = data.count(b"[") + data.count(b"{")
    if brackets + max([len(operation.path) for operation in operations], default=0) <= canonical.MAX_DEPTH:
        return
    for index, operation in enumerate(operations):
        value = None if isinstance(operation, Remove) else _value_of(operation)
        if len(operation.path) + canonical.depth_of(value) > canonical.MAX_DEPTH:
            raise DeltaError(f"operation {index}: a value is nested deeper than {canonical.MAX_DEPTH} levels")


def _value_of(operation: Set | Splice) -> Any:
    return operation.value if isinstance(operation, Set) else operation.values
