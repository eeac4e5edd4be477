"""JSON Patch (RFC 6902): what a person or another program wants to change in a state.

A patch becomes a delta of the same effect, so that it is recorded and shared like any other change. It is
read strictly: members that the RFC does not name are refused, and values are equal if they are written alike
in canonical form, so that ``1`` and ``1.0`` differ, as they do everywhere in a state.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import msgspec

from timeloom.state import canonical, delta, pointer
from timeloom.state._kinds import kind_of

OPERATIONS_MAX: Final = 1000
"""How many operations a patch may have."""

_LAST: Final = "-"
"""The place behind the last element of a list."""

_INDEX_DIGITS_MAX: Final = 9


class PatchError(ValueError):
    """The document is no patch, or the patch does not apply; the message names the operation."""


class Add(msgspec.Struct, tag_field="op", tag="add", frozen=True, forbid_unknown_fields=True):
    """Puts a value at a place: a member, new or not, or an element before the one at the place."""

    path: str
    value: Any


class Remove(msgspec.Struct, tag_field="op", tag="remove", frozen=True, forbid_unknown_fields=True):
    """Removes what is at a place."""

    path: str


class Replace(msgspec.Struct, tag_field="op", tag="replace", frozen=True, forbid_unknown_fields=True):
    """Replaces what is at a place."""

    path: str
    value: Any


class Move(
    msgspec.Struct,
    tag_field="op",
    tag="move",
    frozen=True,
    forbid_unknown_fields=True,
    rename={"origin": "from"},
):
    """Removes what is at one place and adds it at another."""

    origin: str
    path: str


class Copy(
    msgspec.Struct,
    tag_field="op",
    tag="copy",
    frozen=True,
    forbid_unknown_fields=True,
    rename={"origin": "from"},
):
    """Adds what is at one place at another, too."""

    origin: str
    path: str


class Test(msgspec.Struct, tag_field="op", tag="test", frozen=True, forbid_unknown_fields=True):
    """Demands that a value is at a place."""

    path: str
    value: Any


PatchOperation: TypeAlias = Add | Remove | Replace | Move | Copy | Test

_decoder: Final = msgspec.json.Decoder(list[PatchOperation])


def parse(data: bytes) -> list[PatchOperation]:
    """Decodes a patch that may come from anywhere.

    Raises:
        PatchError: it is no patch, or a value in it has no canonical form.
    """
    try:
        canonical.decode(data)
        operations = _decoder.decode(data)
    except (msgspec.DecodeError, canonical.CanonicalError) as error:
        raise PatchError(str(error)) from None
    if len(operations) > OPERATIONS_MAX:
        raise PatchError(
            f"a patch has at most {OPERATIONS_MAX:,} operations, this one has {len(operations):,}"
        )
    return operations


def to_delta(state: Any, patch: Sequence[PatchOperation]) -> list[delta.Operation]:
    """Returns the delta that does to a state what a patch does to it; the state stays as it is.

    Raises:
        PatchError: the patch does not apply to the state.
    """
    found: list[delta.Operation] = []
    for number, operation in enumerate(patch):
        try:
            for each in _operations(state, operation):
                state = delta.apply(state, [each])
                found.append(each)
        except (_MisfitError, pointer.PointerError, delta.DeltaError) as error:
            raise PatchError(f"operation {number} at {operation.path!r}: {error}") from None
    return found


class _MisfitError(Exception):
    """An operation does not fit the state."""


def _operations(state: Any, operation: PatchOperation) -> list[delta.Operation]:
    match operation:
        case Add():
            return [_added(state, operation.path, operation.value)]
        case Remove():
            return [_removed(state, operation.path)]
        case Replace():
            return [delta.Set(_existing(state, operation.path), operation.value)]
        case Copy():
            return [_added(state, operation.path, pointer.resolve(state, operation.origin))]
        case Move():
            return _moved(state, operation)
        case Test():
            found = pointer.resolve(state, operation.path)
            if canonical.encode_trusted(found) != canonical.encode_trusted(operation.value):
                raise _MisfitError("the value there is another one")
            return []


def _moved(state: Any, operation: Move) -> list[delta.Operation]:
    value = pointer.resolve(state, operation.origin)
    if operation.path == operation.origin:
        return []
    if operation.path.startswith(f"{operation.origin}/"):
        raise _MisfitError("a value cannot be moved into itself")
    removed = _removed(state, operation.origin)
    return [removed, _added(delta.apply(state, [removed]), operation.path, value)]


def _added(state: Any, path: str, value: Any) -> delta.Operation:
    tokens = pointer.parse(path)
    if not tokens:
        return delta.Set((), value)
    parents, container = _walk(state, tokens[:-1])
    if kind_of(container) is dict:
        return delta.Set((*parents, tokens[-1]), value)
    if kind_of(container) is list:
        index = len(container) if tokens[-1] == _LAST else _index(tokens[-1], len(container))
        return delta.Splice(parents, index, 0, [value])
    raise _MisfitError("what it is to be added to is neither an object nor a list")


def _removed(state: Any, path: str) -> delta.Operation:
    place = _existing(state, path)
    if not place:
        raise _MisfitError("the whole state cannot be removed")
    if type(place[-1]) is int:
        return delta.Splice(place[:-1], place[-1], 1, [])
    return delta.Remove(place)


def _existing(state: Any, path: str) -> delta.Path:
    """Returns the path to a place where something is."""
    return _walk(state, pointer.parse(path))[0]


def _walk(state: Any, tokens: Sequence[str]) -> tuple[delta.Path, Any]:
    """Returns the path that tokens stand for in a state, and the value there."""
    place: list[str | int] = []
    value = state
    for token in tokens:
        if kind_of(value) is list:
            index = _index(token, len(value) - 1)
            place.append(index)
            value = value[index]
        elif kind_of(value) is dict and token in value:
            place.append(token)
            value = value[token]
        else:
            raise _MisfitError(f"nothing is at {pointer.format_path([*place, token])}")
    return tuple(place), value


def _index(text: str, last: int) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) <= _INDEX_DIGITS_MAX
    if not is_number or (text != "0" and text.startswith("0")):
        raise _MisfitError(f"{text!r} is no index of a list")
    if int(text) > last:
        raise _MisfitError(f"there is no element {text} in the list")
    return int(text)
