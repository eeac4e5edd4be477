"""The hash of a state: equal states have equal hashes, and a small change costs little to hash.

It is a Merkle tree over the canonical form, in which small parts are leaves. Let `canonical(v)` be the bytes
of a value in canonical form and `size(v)` how many they are. Then, with SHA-256 and big-endian 32-bit
numbers:

- The **digest** of a list of more than 4,096 bytes is the hash of the byte 0x01, followed by the seals of its
  elements.
- The digest of an object of more than 4,096 bytes is the hash of the byte 0x02, followed by, for each member
  in the order of the code points of the names: the length of the name in UTF-8, the name in UTF-8, the seal
  of the value.
- The digest of any other value is the hash of the byte 0x00 and `canonical(v)`.
- The **seal** of a value is `size(v)`, followed by `canonical(v)` itself if that is at most 32 bytes, else by
  the digest.
- The **state hash** is the digest of the state.

Whether a part is a leaf depends on nothing but its value, so the hash of a state is the same however it came
about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, TypeAlias, cast

from timeloom.state import canonical
from timeloom.state._estimate import is_longer_than
from timeloom.state._kinds import kind_of
from timeloom.state._operations import Operation, Path, Remove, Splice

LEAF_BYTES: Final = 4096
"""Objects and lists of at most this size are leaves."""

INLINE_BYTES: Final = 32
"""Values of at most this size stand in their seal themselves."""

_ENCODE_FIRST_BYTES: Final = 1 << 20
"""Parts of a larger value are estimated before they are encoded, lest they be encoded at every level."""

_SIZE_WIDTH: Final = 4


class _Branch:
    """An object or list above the size of a leaf. Its children are in the order in which they are hashed."""

    __slots__ = ("children", "content_size", "seal")

    def __init__(self, children: _Children, content_size: int, seal: bytes) -> None:
        self.children = children
        self.content_size = content_size
        self.seal = seal


_Node: TypeAlias = "bytes | _Branch"  # a leaf is nothing but its seal
_Children: TypeAlias = "list[_Node] | dict[str, _Node]"


@dataclass(frozen=True, slots=True)
class StateHash:
    """The hash of one state, with what is needed to hash the next one. It is never changed."""

    digest: bytes
    """The state hash: 32 bytes."""
    size_bytes: int
    """The size of the state in canonical form."""
    _root: _Node

    @classmethod
    def of(cls, state: Any) -> StateHash:
        """Hashes a whole state."""
        encoded = canonical.encode_trusted(state)
        if len(encoded) <= LEAF_BYTES or not _is_container(state):
            return cls(sha256(b"\x00" + encoded).digest(), len(encoded), b"")
        return cls._of_branch(_split(state, frugal=len(encoded) > _ENCODE_FIRST_BYTES))

    def updated(self, state: Any, operations: Sequence[Operation]) -> StateHash:
        """Hashes the state that a delta led to from this one; only what the delta touched is hashed again."""
        root = self._root
        if isinstance(root, bytes):
            return StateHash.of(state)
        draft = _Draft(root)
        for operation in operations:
            if not draft.mark(operation):
                return StateHash.of(state)
        node = draft.finish(state)
        return StateHash.of(state) if isinstance(node, bytes) else self._of_branch(node)

    @classmethod
    def _of_branch(cls, root: _Branch) -> StateHash:
        return cls(root.seal[_SIZE_WIDTH:], _size_of(root), root)


def _node_of(value: Any, *, frugal: bool = False) -> _Node:
    is_container = _is_container(value)
    if is_container and frugal and is_longer_than(value, LEAF_BYTES):
        return _split(value, frugal=True)
    encoded = canonical.encode_trusted(value)
    size = len(encoded)
    if size <= INLINE_BYTES:
        return size.to_bytes(_SIZE_WIDTH, "big") + encoded
    if is_container and size > LEAF_BYTES:
        return _split(value, frugal=frugal or size > _ENCODE_FIRST_BYTES)
    return size.to_bytes(_SIZE_WIDTH, "big") + sha256(b"\x00" + encoded).digest()


def _split(value: Any, *, frugal: bool) -> _Branch:
    """Makes the branch of a container that is known to be larger than a leaf."""
    if kind_of(value) is list:
        elements = [_node_of(item, frugal=frugal) for item in value]
        return _list_branch(elements, sum(map(_size_of, elements)))
    members = {name: _node_of(value[name], frugal=frugal) for name in sorted(value)}
    return _object_branch(members, sum(map(_size_of, members.values())) + sum(map(_name_size, members)))


def _list_branch(children: list[_Node], content_size: int) -> _Branch:
    try:
        content = b"".join(cast("list[bytes]", children))
    except TypeError:  # a child is a branch, which is seldom
        content = b"".join([_seal_of(child) for child in children])
    digest = sha256(b"\x01" + content).digest()
    return _Branch(children, content_size, _container_size(children, content_size) + digest)


def _object_branch(children: dict[str, _Node], content_size: int) -> _Branch:
    content = b"".join([_name_prefix(name) + _seal_of(child) for name, child in children.items()])
    digest = sha256(b"\x02" + content).digest()
    return _Branch(children, content_size, _container_size(children, content_size) + digest)


def _container_size(children: _Children, content_size: int) -> bytes:
    commas = max(len(children) - 1, 0)
    return (2 + content_size + commas).to_bytes(_SIZE_WIDTH, "big")


class _Draft:
    """A branch under change: first every operation marks what it touches, then that is hashed again."""

    __slots__ = ("_children", "_content_size", "_has_drafts", "_has_new_names", "_is_list")

    def __init__(self, branch: _Branch) -> None:
        # Nodes, drafts of branches, and None for what must be hashed again.
        self._children: Any = branch.children.copy()
        self._content_size = branch.content_size
        self._is_list = kind_of(branch.children) is list
        self._has_drafts = False
        self._has_new_names = False

    def mark(self, operation: Operation) -> bool:
        """Marks what an operation touches; False means that it is the whole."""
        path = operation.path
        if isinstance(operation, Splice) and not isinstance(operation.values, str):
            draft = self._descend(path)
            if draft is not None:
                draft.splice(operation.index, operation.delete_count, len(operation.values))
            return True
        if not path:
            return False
        draft = self._descend(path[:-1])
        if draft is not None and isinstance(operation, Remove):
            draft.remove(path[-1])
        elif draft is not None:
            draft.set(path[-1])
        return True

    def _descend(self, path: Path) -> _Draft | None:
        """Returns the draft at a path; None if that lies in a leaf, which must then be hashed again."""
        draft = self
        for key in path:
            child = draft._children[key]
            if type(child) is _Branch:
                draft._content_size -= _size_of(child)
                draft._children[key] = child = _Draft(child)
                draft._has_drafts = True
            if type(child) is not _Draft:
                draft._clear(key)
                return None
            draft = child
        return draft

    def _clear(self, key: str | int) -> None:
        child = self._children[key]
        if type(child) is bytes or type(child) is _Branch:
            self._content_size -= _size_of(child)
        self._children[key] = None

    def set(self, key: str | int) -> None:
        if self._is_list or key in self._children:
            self._clear(key)
        else:
            self._children[key] = None
            self._content_size += _name_size(str(key))
            self._has_new_names = True

    def remove(self, name: str | int) -> None:
        self._clear(name)
        del self._children[name]
        self._content_size -= _name_size(str(name))

    def splice(self, index: int, delete_count: int, insert_count: int) -> None:
        for place in range(index, index + delete_count):
            self._clear(place)
        self._children[index : index + delete_count] = [None] * insert_count

    def finish(self, value: Any) -> _Node:
        """Hashes what was marked, now that the container has its new value."""
        if self._is_list:
            self._finish_list(value)
            branch = _list_branch(self._children, self._content_size)
        else:
            self._finish_object(value)
            branch = _object_branch(self._children, self._content_size)
        return branch if _size_of(branch) > LEAF_BYTES else _node_of(value)

    def _finish_list(self, value: Sequence[Any]) -> None:
        children = self._children
        if self._has_drafts:
            for index, child in enumerate(children):
                if type(child) is _Draft:
                    self._replace(index, child.finish(value[index]))
        index = 0
        for _ in range(children.count(None)):
            index = children.index(None, index)
            self._replace(index, _node_of(value[index]))

    def _finish_object(self, value: Any) -> None:
        children = self._children
        if self._has_new_names:
            self._children = children = {name: children[name] for name in sorted(children)}
        for name, child in children.items():
            if child is None:
                self._replace(name, _node_of(value[name]))
            elif type(child) is _Draft:
                self._replace(name, child.finish(value[name]))

    def _replace(self, key: str | int, node: _Node) -> None:
        self._children[key] = node
        self._content_size += _size_of(node)


def _is_container(value: Any) -> bool:
    return kind_of(value) is dict or kind_of(value) is list


def _seal_of(node: _Node) -> bytes:
    return node if isinstance(node, bytes) else node.seal


def _size_of(node: _Node) -> int:
    return int.from_bytes(_seal_of(node)[:_SIZE_WIDTH], "big")


@lru_cache(maxsize=4096)
def _name_prefix(name: str) -> bytes:
    encoded = name.encode()
    return len(encoded).to_bytes(4, "big") + encoded


@lru_cache(maxsize=4096)
def _name_size(name: str) -> int:
    return len(canonical.encode_trusted(name)) + 1  # the colon
