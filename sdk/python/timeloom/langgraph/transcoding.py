"""LangGraph's serialised values as JSON that people can read, without losing a bit.

LangGraph's serde turns a value into typed bytes, as a rule msgpack. As opaque bytes they could be stored, but
not read, searched or compared: a list of messages would be new as a whole with each message. So msgpack is
rewritten as JSON, and on the way back the same bytes come out, for the serde to load in the user's process.
Nothing is constructed here. What msgpack has and JSON has not becomes an object with the member `$timeloom`,
an array whose first element names the kind:

- `["bytes", base64]`
- `["float", "nan"]`, and `inf`, `-inf`
- `["map", [[key, value], …]]`: a map with keys that are no strings
- `["object", code, [module, class, …]]` and, beside it, the arguments: a value of a class, such as a message
- `["ext", code, value]`: any other extension; `["ext-bytes", code, base64]` if it holds no msgpack
- `["opaque", type, base64]`: typed bytes of another type, or msgpack that would not come out the same

Msgpack keeps the order of an object's members, and JSON does not. Objects with the same names have the same
order as a rule, so that order is kept once for all of them, beside the document; an object whose members
stand in another order has them listed in `["order", names]`, or as the last element of `["object", …]`.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import ormsgpack

from timeloom._cache import SizedCache
from timeloom.state import canonical
from timeloom.state._kinds import kind_of

TAG: Final = "$timeloom"

DEPTH_MAX: Final = canonical.MAX_DEPTH - 16
"""Deeper values stay opaque: they must find room in a state."""

SHAPES_MAX: Final = 4096
"""How many orders are shared; objects of further shapes list their own."""

CACHE_BYTES_MAX: Final = 32 * 1024 * 1024

Typed: TypeAlias = tuple[str, bytes]
"""What a serde makes of a value: the name of a format, and bytes."""

Order: TypeAlias = tuple[str, ...]
"""The names of an object's members as they stood."""

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
"""What is packed as it is."""

_OPTION: Final = ormsgpack.OPT_NON_STR_KEYS

# The extensions of LangGraph's serde that hold (module, class, arguments by name, …).
_CODES_WITH_ARGUMENTS: Final = frozenset({2, 4, 5})


@dataclass(frozen=True, slots=True)
class Document:
    """A value as JSON, and the orders that its objects share. Nobody changes the tree."""

    tree: Any
    orders: frozenset[Order] = frozenset()


class _IrreversibleError(Exception):
    """This msgpack would not come out of JSON as it went in."""


class _Extension:
    """An extension of msgpack as it is found, or as it is to be packed."""

    __slots__ = ("code", "data")

    def __init__(self, code: int, data: bytes) -> None:
        self.code = code
        self.data = data


class Transcoder:
    """Rewrites typed bytes as JSON and back. Threads may share it.

    It remembers the extensions that it has rewritten: the messages of a conversation are the same objects
    step after step, so that neither rewriting nor comparing two states goes into them again.
    """

    def __init__(self, *, ordered: bool = True) -> None:
        """Start with nothing remembered; if not `ordered`, members need not keep their order."""
        self.ordered = ordered
        self._shapes: dict[Order, Order] = {}
        self._cache: SizedCache[tuple[int, bytes], tuple[Document, int]] = SizedCache(CACHE_BYTES_MAX)

    def encode(self, typed: Typed) -> Document:
        """Return the document for typed bytes."""
        kind, data = typed
        if kind == "null" and not data:
            return Document(None)
        if kind == "bytes":
            return Document(_tagged("bytes", _base64(data)))
        if kind == "msgpack":
            try:
                value = _unpacked(data)
                # Alone, these two stand for the serde's own formats `null` and `bytes`.
                if value is not None and type(value) is not bytes:
                    return self._document(value)
            except _IrreversibleError:
                pass
        return Document(_tagged("opaque", kind, _base64(data)))

    def decode(self, document: Document, packer: Packer | None = None) -> Typed:
        """Return the typed bytes that a document was made of."""
        tree: Any = document.tree
        if tree is None:
            return "null", b""
        match tree.get(TAG) if kind_of(tree) is dict else None:
            case ["bytes", str(data)]:
                return "bytes", base64.b64decode(data)
            case ["opaque", str(kind), str(data)]:
                return kind, base64.b64decode(data)
            case _:
                return "msgpack", (packer or Packer()).pack(document)

    def learn(self, orders: Iterable[Order]) -> None:
        """Prefer these orders: those of a document that the next ones will be compared with."""
        for order in orders:
            self.shares(order)

    def shares(self, order: Order) -> bool:
        """Tell whether all objects with these members have this order; the first one seen decides."""
        if not self.ordered:
            return True
        names = tuple(sorted(order))
        shared = self._shapes.get(names)
        if shared is None and len(self._shapes) < SHAPES_MAX:
            shared = self._shapes.setdefault(names, order)
        return shared == order

    def extension(self, found: _Extension) -> tuple[Document, int]:
        """Return the document of an extension, and how deep it is."""
        key = (found.code, found.data)
        known = self._cache.get(key)
        if known is None:
            document = self._extension_document(found)
            known = document, canonical.depth_of(document.tree)
            self._cache.put(key, known, size=len(found.data))
        return known

    def _document(self, value: Any) -> Document:
        walk = _Walk(self)
        tree = walk.tree(value, 0)
        return Document(tree, frozenset(walk.orders))

    def _extension_document(self, found: _Extension) -> Document:
        try:
            value = _unpacked(found.data)
            walk = _Walk(self)
            tree = walk.object(found.code, value) or _tagged("ext", found.code, walk.tree(value, 0))
            return Document(tree, frozenset(walk.orders))
        except _IrreversibleError:
            return Document(_tagged("ext-bytes", found.code, _base64(found.data)))


class _Walk:
    """Rewrites one unpacked value, and notes the orders that it relies on."""

    __slots__ = ("_transcoder", "orders")

    def __init__(self, transcoder: Transcoder) -> None:
        self._transcoder = transcoder
        self.orders: set[Order] = set()

    def tree(self, value: Any, depth: int) -> Any:
        kind = kind_of(value)
        if kind is str or value is None or kind is int or kind is bool:
            return value
        if depth >= DEPTH_MAX:
            raise _IrreversibleError
        if kind is float:
            return value if math.isfinite(value) else _tagged("float", _name_of(value))
        if kind is list or kind is tuple:
            return [self.tree(item, depth + 1) for item in value]
        if kind is dict:
            return self._map(value, depth)
        if kind is _Extension:
            return self._extension(value, depth)
        if kind is bytes:
            return _tagged("bytes", _base64(value))
        raise _IrreversibleError

    def object(self, code: int, value: Any) -> dict[str, Any] | None:
        """Return the object for a value of a class; None if it is not one in the usual form."""
        if code not in _CODES_WITH_ARGUMENTS:
            return None
        match value:
            case [str(module), str(name), dict(), *rest] if _is_plain(value[2]):
                arguments = value[2]
                tag: list[Any] = ["object", code, [module, name, *(self.tree(item, 2) for item in rest)]]
                order = tuple(arguments)
                if not self._is_shared(order):
                    tag.append(list(order))
                return {TAG: tag, **{key: self.tree(item, 1) for key, item in arguments.items()}}
            case _:
                return None

    def _map(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        if not _is_plain(value):
            entries = [[self.tree(key, depth + 3), self.tree(item, depth + 3)] for key, item in value.items()]
            return _tagged("map", entries)
        tree = {key: self.tree(item, depth + 1) for key, item in value.items()}
        order = tuple(value)
        return tree if self._is_shared(order) else {TAG: ["order", list(order)], **tree}

    def _extension(self, found: _Extension, depth: int) -> Any:
        document, height = self._transcoder.extension(found)
        if depth + height > DEPTH_MAX:
            raise _IrreversibleError
        self.orders |= document.orders
        return document.tree

    def _is_shared(self, order: Order) -> bool:
        if order in self.orders:
            return True
        if not self._transcoder.shares(order):
            return False
        if self._transcoder.ordered and not _is_sorted(order):
            self.orders.add(order)
        return True


class Packer:
    """Packs documents. Of states that share what is equal in them, it packs each value and message once.

    What it has packed it keeps alive, so it should live as long as the states that it is used for.
    """

    __slots__ = ("_builders", "_packed")

    def __init__(self) -> None:
        self._builders: dict[frozenset[Order], _Builder] = {}
        self._packed: dict[tuple[int, frozenset[Order]], tuple[Any, bytes]] = {}

    def pack(self, document: Document) -> bytes:
        """Return the msgpack that a document was made of."""
        key = (id(document.tree), document.orders)
        known = self._packed.get(key)
        if known is None:
            builder = self._builders.get(document.orders)
            if builder is None:
                builder = self._builders[document.orders] = _Builder(document.orders)
            known = self._packed[key] = document.tree, builder.pack(document.tree)
        return known[1]


class _Builder:
    """Turns JSON into the value that msgpack packs into the bytes it came from."""

    __slots__ = ("_known", "_objects", "_orders")

    def __init__(self, orders: Iterable[Order]) -> None:
        self._orders = {tuple(sorted(order)): order for order in orders}
        # The orders of objects by their names as they come, which is nearly always sorted.
        self._known: dict[Order, Order] = {}
        self._objects: dict[int, tuple[Any, _Extension]] = {}

    def pack(self, tree: Any) -> bytes:
        return ormsgpack.packb(self._value(tree), default=_packed_extension, option=_OPTION)

    def _value(self, tree: Any) -> Any:
        kind = kind_of(tree)
        if kind is list:
            return [self._value(item) for item in tree]
        if kind is not dict:
            return tree
        tag = tree.get(TAG)
        if tag is None:
            return self._members(tree)
        known = self._objects.get(id(tree))
        if known is not None:
            return known[1]
        value = self._tagged(tag, tree)
        if type(value) is _Extension:
            self._objects[id(tree)] = tree, value
        return value

    def _members(self, members: dict[str, Any], order: Sequence[str] | None = None) -> dict[str, Any]:
        if order is None:
            given = tuple(members)
            order = self._order_of(given)
            if order == given and all(type(member) in _PLAIN for member in members.values()):
                return members
        value = self._value
        return {name: member if type(member := members[name]) in _PLAIN else value(member) for name in order}

    def _order_of(self, given: Order) -> Order:
        order = self._known.get(given)
        if order is None:
            names = tuple(sorted(name for name in given if name != TAG))
            order = self._known[given] = self._orders.get(names, names)
        return order

    def _tagged(self, tag: Any, members: dict[str, Any]) -> Any:  # noqa: PLR0911 - one for each kind
        match tag:
            case ["bytes", str(data)]:
                return base64.b64decode(data)
            case ["float", str(name)]:
                return float(name)
            case ["map", list()]:
                return {_hashable(self._value(key)): self._value(item) for key, item in tag[1]}
            case ["order", list()]:
                return self._members(members, tag[1])
            case ["object", int(code), [str(module), str(name), *rest], *order]:
                arguments = self._members(members, order[0] if order else None)
                return self._extension(code, [module, name, arguments, *(self._value(item) for item in rest)])
            case ["ext", int(code), value]:
                return self._extension(code, self._value(value))
            case ["ext-bytes", int(code), str(data)]:
                return _Extension(code, base64.b64decode(data))
            case _:
                raise ValueError(f"no value of LangGraph is written as {tag!r}")

    @staticmethod
    def _extension(code: int, value: Any) -> _Extension:
        return _Extension(code, ormsgpack.packb(value, default=_packed_extension, option=_OPTION))


def _unpacked(data: bytes) -> Any:
    """Return the value of msgpack, after making sure that it is packed into the same bytes again."""
    try:
        value = ormsgpack.unpackb(data, ext_hook=_Extension, option=_OPTION)
        same = ormsgpack.packb(value, default=_packed_extension, option=_OPTION) == data
    except (ValueError, TypeError, RecursionError) as error:
        raise _IrreversibleError from error
    if not same:
        raise _IrreversibleError
    return value


def _packed_extension(value: Any) -> ormsgpack.Ext:
    if isinstance(value, _Extension):
        return ormsgpack.Ext(value.code, value.data)
    raise TypeError(type(value).__name__)


def _tagged(kind: str, *content: Any) -> dict[str, Any]:
    return {TAG: [kind, *content]}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _is_plain(value: dict[Any, Any]) -> bool:
    return TAG not in value and all(type(key) is str for key in value)


def _is_sorted(order: Order) -> bool:
    return all(before < after for before, after in pairwise(order))


def _name_of(value: float) -> str:
    name = str(value)
    if struct.pack(">d", float(name)) != struct.pack(">d", value):
        raise _IrreversibleError  # a NaN with a message in it
    return name


def _hashable(key: Any) -> Any:
    return tuple(_hashable(item) for item in key) if kind_of(key) is list else key
