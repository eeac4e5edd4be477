"""The hash of a state: equal states have equal hashes, and a small change costs little to hash.

It is a Merkle tree over the canonical form, in which small parts are leaves. Let `canonical(v)` be the bytes
of a value in canonical form and `size(v)` how many they are. Then, with SHA-256 and big-endian 32-bit
numbers:

- The **digest** of a list of more than 4,096 bytes is the hash of the byte 0x01, followed by the run digests
  of its
  elements: of 32 at a time, and of those left over at the end. A run digest is the hash of the byte 0x03,
  followed by the seals of the run's elements.
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

import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, TypeAlias, cast

from msgspec import Struct

from timeloom.state import canonical
from timeloom.state._estimate import is_longer_than
from timeloom.state._kinds import kind_of
from timeloom.state._operations import Operation, Path, Remove, Splice

LEAF_BYTES: Final = 4096
"""Objects and lists of at most this size are leaves."""

RUN_LENGTH: Final = 32
"""So many elements of a list are hashed together: then a change costs little, however long the list is."""

INLINE_BYTES: Final = 32
"""Values of at most this size stand in their seal themselves."""

_ENCODE_FIRST_BYTES: Final = 1 << 20
"""Parts of a larger value are estimated before they are encoded, lest they be encoded at every level."""

_SIZE: Final = struct.Struct(">I")
_encode: Final = canonical.encode_trusted
_write_size: Final[Callable[[int], bytes]] = _SIZE.pack
_read_size: Final[Callable[..., tuple[int]]] = _SIZE.unpack_from


class _ListBranch:
    """A list above the size of a leaf: its elements' nodes, and the digests of its runs, in order."""

    __slots__ = ("children", "content_bytes", "runs", "seal", "size_bytes")

    def __init__(self, children: list[_Node], runs: list[bytes], content_bytes: int) -> None:
        self.children = children
        self.runs = runs
        self.content_bytes = content_bytes
        self.size_bytes = _branch_size(content_bytes, len(children))
        self.seal = _write_size(self.size_bytes) + sha256(b"\x01" + b"".join(runs)).digest()

    @classmethod
    def of(cls, value: list[Any], *, frugal: bool) -> _ListBranch:
        """Hashes all elements."""
        children = [_node_of(item, frugal=frugal) for item in value]
        runs = [_run_digest(children[at : at + RUN_LENGTH]) for at in range(0, len(children), RUN_LENGTH)]
        return cls(children, runs, sum(map(_size_of, children)))

    def draft(self) -> _ListDraft:
        """Begins a change."""
        return _ListDraft(self)


class _ObjectBranch:
    """An object above the size of a leaf: for each member, by name in order, what is hashed of it.

    What is hashed is the name and the seal, which is all that a leaf is; the nodes of branches stand beside.
    """

    __slots__ = ("branches", "content_bytes", "parts", "seal", "size_bytes")

    def __init__(self, parts: dict[str, bytes], branches: dict[str, _Branch], content_bytes: int) -> None:
        self.parts = parts
        self.branches = branches
        self.content_bytes = content_bytes
        self.size_bytes = _branch_size(content_bytes, len(parts))
        self.seal = _write_size(self.size_bytes) + sha256(b"\x02" + b"".join(parts.values())).digest()

    @classmethod
    def of(cls, value: dict[str, Any], *, frugal: bool) -> _ObjectBranch:
        """Hashes all members."""
        nodes = {name: _node_of(value[name], frugal=frugal) for name in sorted(value)}
        return cls(
            {name: _name_prefix(name) + _seal_of(node) for name, node in nodes.items()},
            {name: node for name, node in nodes.items() if not isinstance(node, bytes)},
            sum(map(_size_of, nodes.values())) + sum(map(_name_size, nodes)),
        )

    def draft(self) -> _ObjectDraft:
        """Begins a change."""
        return _ObjectDraft(self)


_Branch: TypeAlias = "_ListBranch | _ObjectBranch"
_Node: TypeAlias = "bytes | _Branch"  # a leaf is nothing but its seal


class StateHash(Struct, frozen=True):
    """The hash of one state, with what is needed to hash the next one. It is never changed."""

    digest: bytes
    """The state hash: 32 bytes."""
    size_bytes: int
    """The size of the state in canonical form."""
    _root: _Branch | None

    @classmethod
    def of(cls, state: Any) -> StateHash:
        """Hashes a whole state."""
        encoded = canonical.encode_trusted(state)
        if len(encoded) <= LEAF_BYTES or not _is_container(state):
            return cls(sha256(b"\x00" + encoded).digest(), len(encoded), None)
        return cls._of_branch(_branch_of(state, frugal=len(encoded) > _ENCODE_FIRST_BYTES))

    def updated(self, state: Any, operations: Sequence[Operation]) -> StateHash:
        """Hashes the state that a delta led to from this one; only what the delta touched is hashed again."""
        if self._root is None:
            return StateHash.of(state)
        draft = self._root.draft()
        for operation in operations:
            if not _mark(draft, operation):
                return StateHash.of(state)
        node = draft.finish(state)
        return StateHash.of(state) if isinstance(node, bytes) else self._of_branch(node)

    @classmethod
    def _of_branch(cls, root: _Branch) -> StateHash:
        return cls(root.seal[_SIZE.size :], root.size_bytes, root)


def _node_of(value: Any, *, frugal: bool = False) -> _Node:
    if frugal and _is_container(value) and is_longer_than(value, LEAF_BYTES):
        return _branch_of(value, frugal=True)
    encoded = _encode(value)
    size = len(encoded)
    if size <= INLINE_BYTES:
        return _write_size(size) + encoded
    if size > LEAF_BYTES and _is_container(value):
        return _branch_of(value, frugal=frugal or size > _ENCODE_FIRST_BYTES)
    return _write_size(size) + sha256(b"\x00" + encoded).digest()


def _branch_of(value: Any, *, frugal: bool) -> _Branch:
    """Makes the branch of a container that is known to be larger than a leaf."""
    kind = _ListBranch if kind_of(value) is list else _ObjectBranch
    return kind.of(value, frugal=frugal)


def _branch_size(content_bytes: int, count: int) -> int:
    return 2 + content_bytes + (count - 1 if count else 0)  # the brackets and the commas


def _run_digest(run: list[_Node]) -> bytes:
    try:
        content = b"".join(cast("list[bytes]", run))
    except TypeError:  # some element is a branch
        content = b"".join([_seal_of(child) for child in run])
    return sha256(b"\x03" + content).digest()


def _mark(draft: _Draft, operation: Operation) -> bool:
    """Marks what an operation touches, so that it is hashed again; False means that it is the whole state."""
    path = operation.path
    if type(operation) is Splice and type(operation.values) is not str:
        container = _descend(draft, path)
        if type(container) is _ListDraft:
            container.splice(operation.index, operation.delete_count, len(operation.values))
        return True
    if not path:
        return False
    container = _descend(draft, path[:-1])
    if container is not None and type(operation) is Remove:
        container.remove(path[-1])
    elif container is not None:
        container.clear(path[-1])
    return True


def _descend(draft: _Draft, path: Path) -> _Draft | None:
    """Returns the draft at a path; None if that lies in a leaf, which must then be hashed again."""
    for key in path:
        child = draft.enter(key)
        if child is None:
            draft.clear(key)
            return None
        draft = child
    return draft


class _ListDraft:
    """A list under change. Its children are nodes, drafts of branches, and None for what must be hashed."""

    __slots__ = ("_children", "_content_bytes", "_marked_from", "_marked_runs", "_runs")

    def __init__(self, branch: _ListBranch) -> None:
        self._children: list[Any] = branch.children.copy()
        self._runs = branch.runs
        self._content_bytes = branch.content_bytes
        self._marked_runs: set[int] = set()
        # From here on all runs must be hashed again: elements have moved.
        self._marked_from = len(branch.runs)

    def enter(self, key: Any) -> _Draft | None:
        """Begins, or goes on with, a change within an element; None if that is no branch."""
        child = self._children[key]
        if type(child) is _ListBranch or type(child) is _ObjectBranch:
            self._content_bytes -= _size_of(child)
            child = self._children[key] = child.draft()
            self._marked_runs.add(key // RUN_LENGTH)
        return None if child is None or type(child) is bytes else child

    def clear(self, key: Any) -> None:
        """Lets an element be hashed again."""
        self._take_out(self._children[key])
        self._children[key] = None
        self._marked_runs.add(key // RUN_LENGTH)

    def remove(self, key: Any) -> None:
        """Refuses: elements are spliced out."""
        raise TypeError(f"element {key} of a list cannot be removed like a member")

    def splice(self, index: int, delete_count: int, insert_count: int) -> None:
        """Takes elements out, and puts others in that must be hashed."""
        for child in self._children[index : index + delete_count]:
            self._take_out(child)
        self._children[index : index + delete_count] = [None] * insert_count
        self._marked_from = min(self._marked_from, index // RUN_LENGTH)

    def finish(self, value: Any) -> _Node:
        """Hashes what was marked, now that the list has its new value."""
        children = self._children
        run_count = -(-len(children) // RUN_LENGTH)
        runs = self._runs[:run_count] + [b""] * (run_count - len(self._runs))
        moved = range(self._marked_from, run_count)
        for run in (*(run for run in self._marked_runs if run < self._marked_from), *moved):
            start = run * RUN_LENGTH
            try:
                # What has only moved is all leaves, most often.
                content = b"".join(children[start : start + RUN_LENGTH])
            except TypeError:
                self._finish_run(start, value)
                runs[run] = _run_digest(children[start : start + RUN_LENGTH])
            else:
                runs[run] = sha256(b"\x03" + content).digest()
        return _shrunk(_ListBranch(children, runs, self._content_bytes), value)

    def _finish_run(self, start: int, value: Any) -> None:
        children = self._children
        for index, child in enumerate(children[start : start + RUN_LENGTH], start):
            if type(child) is not bytes and type(child) not in _BRANCHES:
                node = _node_of(value[index]) if child is None else child.finish(value[index])
                children[index] = node
                self._content_bytes += _size_of(node)

    def _take_out(self, child: Any) -> None:
        if type(child) is bytes or type(child) in _BRANCHES:
            self._content_bytes -= _size_of(child)


class _ObjectDraft:
    """An object under change, with the names of the members that must be hashed."""

    __slots__ = ("_branches", "_content_bytes", "_drafts", "_marked", "_parts")

    def __init__(self, branch: _ObjectBranch) -> None:
        self._parts = branch.parts.copy()
        self._branches = branch.branches
        self._content_bytes = branch.content_bytes
        self._drafts: dict[str, _Draft] = {}
        self._marked: set[str] = set()

    def enter(self, key: Any) -> _Draft | None:
        """Begins, or goes on with, a change within a member; None if that is no branch."""
        if key in self._marked:
            return None
        draft = self._drafts.get(key)
        if draft is None and key in self._branches:
            draft = self._drafts[key] = self._branches[key].draft()
        return draft

    def clear(self, key: Any) -> None:
        """Lets a member, which may be new, be hashed again."""
        self._drafts.pop(key, None)
        self._marked.add(key)

    def remove(self, key: Any) -> None:
        """Takes a member out."""
        part = self._parts.pop(key, None)
        if part is not None:
            self._content_bytes -= _name_size(key) + _read_size(part, len(_name_prefix(key)))[0]
        self._drafts.pop(key, None)
        self._marked.discard(key)

    def finish(self, value: Any) -> _Node:
        """Hashes what was marked, now that the object has its new value."""
        parts, count = self._parts, len(self._parts)
        branches = {name: branch for name, branch in self._branches.items() if name in parts}
        content_bytes = self._content_bytes
        nodes = [(name, draft.finish(value[name])) for name, draft in self._drafts.items()]
        nodes += [(name, _node_of(value[name])) for name in self._marked]
        for name, node in nodes:
            prefix = _name_prefix(name)
            before = parts.get(name)
            content_bytes += _name_size(name) if before is None else -_read_size(before, len(prefix))[0]
            if isinstance(node, bytes):
                parts[name] = prefix + node
                content_bytes += _read_size(node)[0]
                branches.pop(name, None)
            else:
                parts[name] = prefix + node.seal
                content_bytes += node.size_bytes
                branches[name] = node
        if len(parts) != count:
            parts = {name: parts[name] for name in sorted(parts)}
        return _shrunk(_ObjectBranch(parts, branches, content_bytes), value)


_Draft: TypeAlias = "_ListDraft | _ObjectDraft"
_BRANCHES: Final = (_ListBranch, _ObjectBranch)


def _shrunk(branch: _Branch, value: Any) -> _Node:
    """Returns a branch, or the leaf that its value has become."""
    return branch if branch.size_bytes > LEAF_BYTES else _node_of(value)


def _is_container(value: Any) -> bool:
    return kind_of(value) is dict or kind_of(value) is list


def _seal_of(node: _Node) -> bytes:
    return node if isinstance(node, bytes) else node.seal


def _size_of(node: _Node) -> int:
    return _read_size(node)[0] if isinstance(node, bytes) else node.size_bytes


@lru_cache(maxsize=4096)
def _name_prefix(name: str) -> bytes:
    encoded = name.encode()
    return len(encoded).to_bytes(4, "big") + encoded


@lru_cache(maxsize=4096)
def _name_size(name: str) -> int:
    return len(canonical.encode_trusted(name)) + 1  # the colon
